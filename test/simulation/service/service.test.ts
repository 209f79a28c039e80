import { describe, expect, it } from 'vitest';
import { measure } from './measure.ts';
import { play } from './play.ts';
import { SCENARIOS } from './scenarios.ts';

/** Of few requests the p99 is chance: these are counted together. */
const SEEDS = [1, 2];

describe('a service keeps what it promises at', () => {
  it.each(Object.entries(SCENARIOS))('%s', (_name, { workload, broken }) => {
    const figures = measure(
      SEEDS.map((seed) => play(workload, seed)),
      workload,
    );
    expect(broken(figures), `seeds ${SEEDS.join(' and ')}`).toEqual([]);
  });
});

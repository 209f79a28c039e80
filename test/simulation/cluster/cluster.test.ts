import { describe, expect, it } from 'vitest';
import { play } from './play.ts';
import { broken } from './promises.ts';
import { SCENARIOS } from './scenarios.ts';

const seed = Number(process.env.MILLPOND_CLUSTER_SEED ?? Math.floor(Math.random() * 2 ** 31));

/** With which each was broken once. */
const BROKEN = [
  ['hosts are stopped for longer than their locks last', 17],
  ['hosts are told to leave', 29],
] as const;

describe(`a simulated batch keeps its promises (seed ${seed}) while`, () => {
  it.each(Object.keys(SCENARIOS) as (keyof typeof SCENARIOS)[])('%s', async (name) => {
    const cluster = SCENARIOS[name](seed);
    expect(broken(cluster, await play(cluster))).toEqual([]);
  });

  it.each(BROKEN)('%s, from seed %i', async (name, known) => {
    const cluster = SCENARIOS[name](known);
    expect(broken(cluster, await play(cluster))).toEqual([]);
  });
});

import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { replayed, seeded, shrink } from './choices.ts';
import { SCHEDULES } from './play.ts';
import { WORLDS } from './worlds.ts';

describe('a whole runtime keeps every promise', () => {
  // Each world has a file of its own, so that all cores have work.
  it.each(Object.keys(WORLDS))('in a world that is %s', (name) => {
    const file = readFileSync(new URL(`${name}.test.ts`, import.meta.url), 'utf8');
    expect(file).toContain(`playsAnySchedule('${name}');`);
  });

  it('on 100,000 schedules and more, in every run of the tests', () => {
    const all = Object.values(SCHEDULES).reduce((sum, schedules) => sum + schedules, 0);
    expect(Object.keys(SCHEDULES)).toEqual(Object.keys(WORLDS));
    expect(all).toBeGreaterThanOrEqual(100_000);
  });
});

describe('a schedule', () => {
  it('comes again from its seed, and from its decisions', () => {
    const first = seeded(7);
    // Of none and of one there is nothing to decide.
    const picks = Array.from({ length: 50 }, (_, at) => first.pick(at % 9));
    const second = seeded(7);
    expect(picks.map((_, at) => second.pick(at % 9))).toEqual(picks);
    const third = replayed(first.made);
    expect(picks.map((_, at) => third.pick(at % 9))).toEqual(picks);
    expect(third.pick(9)).toBe(0);
  });

  it('that fails is made smaller while it still fails', async () => {
    const made = Array.from({ length: 60 }, (_, at) => at % 7);
    const fails = async (candidate: readonly number[]): Promise<boolean> =>
      candidate.includes(5) && candidate.filter((choice) => choice === 3).length >= 2;
    const fewest = await shrink(made, fails);
    expect(fewest.toSorted()).toEqual([3, 3, 5]);
  });
});

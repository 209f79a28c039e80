import { describe, expect, it } from 'vitest';
import { replayed, seeded, shrink } from './choices.ts';
import { simulate } from './run.ts';
import { WORLDS } from './world.ts';

/** Schedules for each world; `npm run simulate -- --schedules N` plays more. */
const SCHEDULES = Number(process.env.MILLPOND_SCHEDULES ?? 4000);
const SEED = Number(process.env.MILLPOND_SEED ?? Math.floor(Math.random() * 1e9));

describe('a whole runtime keeps every promise', () => {
  it.each(Object.entries(WORLDS))('on any schedule, in a world that is %s', async (name, world) => {
    const failure = await simulate(SCHEDULES, SEED, world);
    const again = `npm run simulate -- --schedules 1 --seed ${failure?.seed} --world ${name}`;
    expect(failure?.error, again).toBeUndefined();
  });
});

describe('a schedule', () => {
  it('comes again from its seed, and from its decisions', () => {
    const first = seeded(7);
    const picks = Array.from({ length: 50 }, (_, at) => first.pick(at + 2));
    const second = seeded(7);
    expect(picks.map((_, at) => second.pick(at + 2))).toEqual(picks);
    const third = replayed(first.made);
    expect(picks.map((_, at) => third.pick(at + 2))).toEqual(picks);
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

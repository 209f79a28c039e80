/**
 * The part of the simulator that every run of the tests plays: so many schedules of each world, from a seed
 * that is told.
 */
import { expect, it } from 'vitest';
import { simulate } from './run.ts';
import { WORLDS, type WorldName } from './worlds.ts';

/** More than 100,000 together. `npm run simulate -- --schedules N` plays more. */
export const SCHEDULES: Readonly<Record<WorldName, number>> = {
  mixed: 61_000,
  tight: 10_000,
  churning: 2_000,
  deadly: 6_000,
  crowded: 4_000,
  resting: 5_000,
  returning: 1_500,
  sharing: 2_500,
  reserving: 1_500,
  limited: 4_000,
  emitting: 1_600,
  waiting: 1_000,
};

export function playsAnySchedule(name: WorldName): void {
  it(`on any schedule, in a world that is ${name}`, { timeout: 1_200_000 }, async () => {
    const seed = Number(process.env.MILLPOND_SEED ?? Math.floor(Math.random() * 1e9));
    console.log(`${name}: ${SCHEDULES[name]} schedules from seed ${seed} on`);
    const failure = await simulate(SCHEDULES[name], seed, WORLDS[name]);
    const again = `npm run simulate -- --schedules 1 --seed ${failure?.seed} --world ${name}`;
    expect(failure?.error, `${again} (decisions: ${failure?.choices.join(' ')})`).toBeUndefined();
  });
}

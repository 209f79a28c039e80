/**
 * `MILLPOND_STRESS_SECONDS` and `MILLPOND_STRESS_SEED` make it longer and repeat it; `npm run stress` runs it
 * alone.
 */
import { expect, it } from 'vitest';
import { stress } from './stress.ts';

const seconds = Number(process.env.MILLPOND_STRESS_SECONDS ?? 20);
const seed = Number(process.env.MILLPOND_STRESS_SEED ?? Math.floor(Math.random() * 2 ** 31));

it('real threads that hand memory on, starve, are cancelled and die keep every promise', {
  timeout: seconds * 1000 + 280_000,
}, async () => {
  const report = await stress({ seconds, seed, threads: 3 });
  console.log(`seed ${seed}:`, report);
  // One round can be all that a busy machine has time for; it does not end without these.
  expect(report.rounds).toBeGreaterThan(0);
  expect(report.witnessed).toBeGreaterThan(0);
  expect(report.operations).toBeGreaterThan(0);
});

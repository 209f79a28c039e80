import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { drawn } from './drawn-mutants.ts';
import { ALLOWED, MUTANTS } from './mutants.ts';

const program = fileURLToPath(new URL('mutant-main.ts', import.meta.url));

/** After how many schedules a mutant was caught, from each seed; null when it was not. */
async function play(mutant: number, seeds: readonly number[]): Promise<(number | null)[]> {
  const args = ['--conditions=millpond-source', program, String(mutant), ...seeds.map(String)];
  const { stdout } = await promisify(execFile)(process.execPath, args);
  return JSON.parse(stdout);
}

describe('the simulator catches a protocol that', () => {
  // `npm run mutants` again plays from another one.
  const seeds = [Math.floor(Math.random() * 1e9)];

  it.each(drawn(MUTANTS))('%s', async (name, at) => {
    const caught = await play(at, seeds);
    console.log(`${name}: caught in ${caught.join(' and ')} of ${ALLOWED} schedules`);
    expect(caught, `seeds ${seeds.join(' and ')}`).not.toContain(null);
  });

  it('is right: not', async () => {
    // No mutant has this number.
    expect(await play(MUTANTS.length, seeds)).toEqual([null]);
  });
});

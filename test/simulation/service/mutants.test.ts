import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { drawn } from '../drawn-mutants.ts';
import { MUTANTS } from './mutants.ts';

const program = fileURLToPath(new URL('mutant-main.ts', import.meta.url));
const SEEDS = ['1', '2'];

describe('the simulation of a service catches an admission that', () => {
  it.each(drawn(MUTANTS))('%s', async (name, at) => {
    const args = ['--conditions=millpond-source', program, String(at), ...SEEDS];
    const { stdout } = await promisify(execFile)(process.execPath, args);
    const broken: string[] = JSON.parse(stdout);
    console.log(`${name}: ${broken.join('; ')}`);
    expect(broken).not.toEqual([]);
  });
});

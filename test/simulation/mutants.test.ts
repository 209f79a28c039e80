import { execFile } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, it } from 'vitest';
import { MUTANTS, type Mutant } from './mutants.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'millpond-mutants-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** The sources and the simulator in a folder of their own, with one piece replaced. */
function plant(mutant: Mutant | null, name: string): string {
  const tree = join(folder, name);
  for (const part of ['src', 'test/simulation'])
    cpSync(join(root, part), join(tree, part), { recursive: true });
  writeFileSync(join(tree, 'package.json'), '{ "type": "module" }');
  if (mutant !== null) {
    const file = join(tree, 'src', mutant.file);
    const parts = readFileSync(file, 'utf8').split(mutant.from);
    if (parts.length !== 2)
      throw new Error(`'${mutant.from}' is ${parts.length - 1} times in ${mutant.file}`);
    writeFileSync(file, parts.join(mutant.to));
  }
  return join(tree, 'test', 'simulation', 'main.ts');
}

function play(
  program: string,
  schedules: number,
  ...more: string[]
): Promise<{ code: number; output: string }> {
  const args = [program, '--schedules', String(schedules), '--seed', '1', '--whole', ...more];
  return new Promise((resolve) => {
    execFile(process.execPath, args, (error, stdout, stderr) => {
      resolve({ code: error === null ? 0 : Number(error.code), output: stdout + stderr });
    });
  });
}

describe('the simulator catches a protocol that', () => {
  it.each(MUTANTS.map((mutant, at) => ({ ...mutant, at })))('$name', async ({ at, ...mutant }) => {
    const { code, output } = await play(
      plant(mutant, String(at)),
      40_000,
      ...(mutant.world ? ['--world', mutant.world] : []),
    );
    expect(output).toMatch(/^seed \d+ fails/m);
    expect(code).toBe(1);
  }, 300_000);

  it('is right: not', async () => {
    const { code, output } = await play(plant(null, 'right'), 1000);
    expect(output).toContain('1000 schedules kept every promise');
    expect(code).toBe(0);
  });
});

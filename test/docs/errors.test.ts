import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { ERROR_CODES } from '../../src/errors.ts';

const text = readFileSync(new URL('../../docs/errors.md', import.meta.url), 'utf8');
const rows = [...text.matchAll(/^\| `(ERR_[A-Z_]+)` \| .+? \| (\d) \| (\d+) \| (yes|no) \| .+ \|$/gm)];

it('the table of errors has every code, in the order of the source, and no other', () => {
  const codes = [...text.matchAll(/^\| `(ERR_[A-Z_]+)` \|/gm)].map(([, code]) => code);
  expect(codes).toEqual(Object.keys(ERROR_CODES));
});

it('nobody can change the table', () => {
  expect(() => Object.assign(ERROR_CODES, { ERR_NO_INPUT: null })).toThrow(TypeError);
  expect(() => Object.assign(ERROR_CODES.ERR_NO_INPUT, { exitCode: 0 })).toThrow(TypeError);
});

it('the table of errors has the exit code, the status and the retry of each', () => {
  const told = rows.map(([, code, exitCode, status, retry]) => [
    code,
    { exitCode: Number(exitCode), status: Number(status), retry: retry === 'yes' },
  ]);
  expect(told).toEqual(Object.entries(ERROR_CODES).map(([code, { rule: _, ...told }]) => [code, told]));
});

it('only where arguments are at fault the command ends with 2, and a service says so, but for its own budget', () => {
  for (const [code, { exitCode, status, retry }] of Object.entries(ERROR_CODES)) {
    if (exitCode === 2 && code !== 'ERR_BUDGET_TOO_SMALL') expect([code, status < 500]).toEqual([code, true]);
    // HTTP has two that say come back: 408 and 429.
    if (status < 500 && status !== 408 && status !== 429) expect([code, retry]).toEqual([code, false]);
  }
});

it('every code is raised somewhere', () => {
  const folder = fileURLToPath(new URL('../../src', import.meta.url));
  const sources = globSync('**/*.ts', { cwd: folder, exclude: ['errors.ts'] });
  const text = sources.map((source) => readFileSync(join(folder, source), 'utf8')).join('\n');
  expect(Object.keys(ERROR_CODES).filter((code) => !text.includes(`'${code}'`))).toEqual([]);
});

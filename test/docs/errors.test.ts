import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { ERROR_CODES } from '../../src/errors.ts';

it('the table of errors has every code, in the order of the source, and no other', () => {
  const table = readFileSync(new URL('../../docs/errors.md', import.meta.url), 'utf8');
  const codes = [...table.matchAll(/^\| `(ERR_[A-Z_]+)` \|/gm)].map(([, code]) => code);
  expect(codes).toEqual(Object.keys(ERROR_CODES));
});

it('every code is raised somewhere', () => {
  const folder = fileURLToPath(new URL('../../src', import.meta.url));
  const sources = globSync('**/*.ts', { cwd: folder, exclude: ['errors.ts'] });
  const text = sources.map((source) => readFileSync(join(folder, source), 'utf8')).join('\n');
  expect(Object.keys(ERROR_CODES).filter((code) => !text.includes(`'${code}'`))).toEqual([]);
});

/** Whoever comes from Piscina finds everything that it has, and programs that run. */
import { execFile } from 'node:child_process';
import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { parseSync } from 'rolldown/utils';
import { expect, it } from 'vitest';
import { checkout, scratch } from '../e2e/millpond.ts';

const text = readFileSync(join(checkout, 'docs/from-piscina.md'), 'utf8');
const folder = scratch();

/** The first cells of all tables. */
const told = Array.from(text.matchAll(/^\| (.+?) \|/gm), ([, cell]) => cell).join('\n');

it('has every option, method and property of Piscina in its tables', () => {
  const types = fileURLToPath(new URL('./index.d.ts', import.meta.resolve('piscina')));
  const { program } = parseSync(types, readFileSync(types, 'utf8'), { lang: 'dts' });
  const names = program.body.flatMap((node) => {
    const declared = node.type === 'ExportDefaultDeclaration' ? node.declaration : node;
    if (declared.type !== 'TSInterfaceDeclaration' && declared.type !== 'ClassDeclaration') return [];
    if (declared.id?.name === 'FilledOptions') return [];
    return declared.body.body.flatMap((member) =>
      'key' in member && member.key.type === 'Identifier' ? [member.key.name] : [],
    );
  });
  expect(names.length).toBeGreaterThan(40);
  expect(names).toEqual(
    expect.arrayContaining(['maxQueue', 'transferList', 'force', 'destroy', 'needsDrain']),
  );
  const known = ['constructor', 'Piscina'];
  expect(names.filter((name) => !known.includes(name) && !new RegExp(`\\b${name}\\b`).test(told))).toEqual(
    [],
  );
});

it('shows two programs that do the same', async () => {
  const shown = Array.from(text.matchAll(/^```js\n\/\/ (\S+)\n(.*?)^```$/gms), ([, name, code]) => [
    name,
    code,
  ]);
  expect(shown.map(([name]) => name)).toEqual([
    'before/job.js',
    'before/main.js',
    'after/job.js',
    'after/main.js',
  ]);
  mkdirSync(folder('node_modules'));
  symlinkSync(checkout, folder('node_modules', 'millpond'));
  symlinkSync(join(checkout, 'node_modules/piscina'), folder('node_modules', 'piscina'));
  writeFileSync(folder('package.json'), '{ "type": "module" }');
  for (const [name, code] of shown) {
    mkdirSync(dirname(folder(name)), { recursive: true });
    writeFileSync(folder(name), code);
  }
  const run = (name: string): Promise<{ stdout: string; stderr: string }> =>
    promisify(execFile)(process.execPath, ['--conditions=millpond-source', folder(name)]);
  const expected = { stdout: '48000 0.5\n', stderr: '' };
  expect(await run('before/main.js')).toEqual(expected);
  expect(await run('after/main.js')).toEqual(expected);
});

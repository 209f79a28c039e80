import { execFileSync } from 'node:child_process';
import { linkSync, mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { findClash } from '../../src/files/places.ts';

let root: string;
beforeEach(() => {
  root = realpathSync(mkdtempSync(join(tmpdir(), 'millpond-places-')));
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

const at = (...parts: string[]) => join(root, ...parts);

function put(...parts: string[]): string {
  writeFileSync(at(...parts), '');
  return at(...parts);
}

describe.each(['name', 'file'] as const)('outputs that replace what has their %s clash', (replaced) => {
  it('by their name, however it is written and whether they are there', async () => {
    const clash = { output: 2, with: 'output', other: 1 };
    const names = [at('a'), at('b'), relative('', at('none', '..', 'b'))];
    expect(await findClash(names, [], replaced)).toEqual(clash);
    put('b');
    expect(await findClash(names, [], replaced)).toEqual(clash);
    expect(await findClash([at('a'), at('b')], [], replaced)).toBeNull();
  });

  it('by a link to a folder above them, also where the folders between are not there yet', async () => {
    mkdirSync(at('real'));
    symlinkSync(at('real'), at('link'));
    expect(await findClash([at('real', 'new', 'x'), at('link', 'new', 'x')], [], replaced)).toEqual({
      ...{ output: 1, with: 'output', other: 0 },
    });
    expect(await findClash([at('real', 'x'), at('new', 'x')], [], replaced)).toBeNull();
  });
});

describe('several names of a file', () => {
  const names = () => {
    linkSync(put('a'), at('hard'));
    symlinkSync(at('a'), at('soft'));
    return [
      [at('a'), at('hard')],
      [at('a'), at('soft')],
      [at('hard'), at('soft')],
    ];
  };

  it('are replaced each', async () => {
    for (const two of names()) expect(await findClash(two, [], 'name')).toBeNull();
  });

  it('are one file', async () => {
    const clash = { output: 1, with: 'output', other: 0 };
    for (const two of names()) expect(await findClash(two, [], 'file')).toEqual(clash);
  });
});

it.runIf(process.platform !== 'win32')('a device, or a pipe, is one under all its names', async () => {
  execFileSync('mkfifo', [at('pipe')]);
  symlinkSync(at('pipe'), at('same-pipe'));
  symlinkSync('/dev/null', at('null'));
  const clash = { output: 1, with: 'output', other: 0 };
  expect(await findClash([at('pipe'), at('same-pipe')], [], 'file')).toEqual(clash);
  expect(await findClash(['/dev/null', at('null')], [], 'file')).toEqual(clash);
  expect(await findClash(['/dev/null', at('pipe')], [], 'file')).toBeNull();
});

describe('an output clashes with a source', () => {
  it.each(['name', 'file'] as const)('by its name, also where that is not there (%s)', async (replaced) => {
    expect(await findClash([at('a'), at('b')], [at('c'), at('b')], replaced)).toEqual({
      ...{ output: 1, with: 'source', other: 1 },
    });
  });

  it.each([
    ['file', 'hard', linkSync],
    ['file', 'soft', symlinkSync],
    ['name', 'soft', symlinkSync],
  ] as const)('where its %s is replaced, by a %s link on either side', async (replaced, _kind, link) => {
    link(put('a'), at('other'));
    const clash = { output: 0, with: 'source', other: 1 };
    expect(await findClash([at('other')], [at('b'), at('a')], replaced)).toEqual(clash);
    expect(await findClash([at('a')], [at('b'), at('other')], replaced)).toEqual(clash);
    expect(await findClash([at('c')], [at('a'), at('other')], replaced)).toBeNull();
  });

  it('not by a hard link where its name is replaced, since the source stays', async () => {
    linkSync(put('a'), at('other'));
    expect(await findClash([at('other')], [at('a')], 'name')).toBeNull();
    expect(await findClash([at('a')], [at('other')], 'name')).toBeNull();
  });
});

it.each(['name', 'file'] as const)('many are asked for in good time (%s)', async (replaced) => {
  const many = (name: string) => Array.from({ length: 5000 }, (_, index) => at(`${index}`, name));
  expect(await findClash(many('out'), many('in'), replaced)).toBeNull();
  expect(await findClash([...many('out'), at('7', 'out')], [], replaced)).toEqual({
    ...{ output: 5000, with: 'output', other: 7 },
  });
});

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

describe('outputs clash', () => {
  it('by their name, however it is written and whether they are there', async () => {
    const clash = { output: 2, with: 'output', other: 1 };
    const names = [at('a'), at('b'), relative('', at('none', '..', 'b'))];
    expect(await findClash(names, [])).toEqual(clash);
    put('b');
    expect(await findClash(names, [])).toEqual(clash);
    expect(await findClash([at('a'), at('b')], [])).toBeNull();
  });

  it('by a link to a folder above them, also where the folders between are not there yet', async () => {
    mkdirSync(at('real'));
    symlinkSync(at('real'), at('link'));
    expect(await findClash([at('real', 'new', 'x'), at('link', 'new', 'x')], [])).toEqual({
      ...{ output: 1, with: 'output', other: 0 },
    });
    expect(await findClash([at('real', 'x'), at('new', 'x')], [])).toBeNull();
  });

  it('not where several names of a file are replaced each', async () => {
    linkSync(put('a'), at('hard'));
    symlinkSync(at('a'), at('soft'));
    expect(await findClash([at('a'), at('hard'), at('soft')], [])).toBeNull();
  });
});

describe('an output clashes with a source', () => {
  it('by its name, also where that is not there', async () => {
    expect(await findClash([at('a'), at('b')], [at('c'), at('b')])).toEqual({
      ...{ output: 1, with: 'source', other: 1 },
    });
  });

  it.each([
    ['hard', linkSync],
    ['soft', symlinkSync],
  ])('by another name of it, a %s link, on either side', async (_kind, link) => {
    link(put('a'), at('other'));
    const clash = { output: 0, with: 'source', other: 1 };
    expect(await findClash([at('other')], [at('b'), at('a')])).toEqual(clash);
    expect(await findClash([at('a')], [at('b'), at('other')])).toEqual(clash);
    expect(await findClash([at('c')], [at('a'), at('other')])).toBeNull();
  });
});

it('many are asked for in good time', async () => {
  const many = (name: string) => Array.from({ length: 10_000 }, (_, index) => at(`${index}`, name));
  expect(await findClash(many('out'), many('in'))).toBeNull();
  expect(await findClash([...many('out'), at('7', 'out')], many('in'))).toEqual({
    ...{ output: 10_000, with: 'output', other: 7 },
  });
});

import { describe, expect, it } from 'vitest';
import { circles } from './circles.ts';
import { openExports, unusedExports } from './exports.ts';
import { layoutOutside } from './layout.ts';
import { type Module, parseModule } from './module.ts';
import { emptyNames } from './names.ts';
import { waysTo } from './native.ts';
import { outOfOrder, stepsOf } from './rooms.ts';

/** A tree made of sources by their names. */
function tree(sources: Readonly<Record<string, string>>): Module[] {
  return Object.entries(sources).map(([file, text]) => parseModule(file, text));
}

describe('the order of rooms', () => {
  const order = 'a, b -> c -> d, e -> f';
  const found = (sources: Readonly<Record<string, string>>) =>
    outOfOrder(
      tree({ 'src/a/x.ts': '', 'src/b.ts': '', 'src/c/x.ts': '', 'src/d/x.ts': '', ...sources }),
      order,
      {
        index: 'd',
      },
    );

  it('is read from its line', () => {
    expect([...stepsOf(order)]).toEqual([
      ...[
        ['a', 0],
        ['b', 0],
        ['c', 1],
      ],
      ...[
        ['d', 2],
        ['e', 2],
        ['f', 3],
      ],
    ]);
  });

  it.each<[string, string, string]>([
    ['an earlier room', 'src/c/y.ts', "import '../a/x.ts';"],
    ['a file at the root', 'src/c/y.ts', "import '../b.ts';"],
    ['a room far behind', 'src/f/y.ts', "import '../a/x.ts';"],
    ['its own room', 'src/c/inner/y.ts', "import '../x.ts';"],
    ['a package', 'src/a/y.ts', "import 'node:fs';"],
    ['from the top, the room under it', 'src/index.ts', "export { x } from './d/x.ts';"],
    ['from a test, anything', 'test/a/x.test.ts', "import '../../src/d/x.ts';"],
    ['from a benchmark, anything', 'bench/x.ts', "import '../src/d/x.ts';"],
  ])('allows %s', (_what, file, text) => {
    expect(found({ [file]: text })).toEqual([]);
  });

  it.each<[string, string, string]>([
    ['a later room', 'src/a/y.ts', "import '../c/x.ts';"],
    ['a later room for a type', 'src/a/y.ts', "import type { T } from '../c/x.ts';"],
    ['a later room for a type in a type', 'src/a/y.ts', "let t: import('../c/x.ts').T;"],
    ['a later room when it is needed', 'src/a/y.ts', "await import('../c/x.ts');"],
    ['a later room, passing it on', 'src/a/y.ts', "export { x } from '../c/x.ts';"],
    ['a room beside it', 'src/e/y.ts', "import '../d/x.ts';"],
    ['a file beside it', 'src/a/y.ts', "import '../b.ts';"],
    ['the top', 'src/f/y.ts', "import '../index.ts';"],
    ['tests', 'src/f/y.ts', "import '../../test/x.ts';"],
    ['benchmarks', 'src/f/y.ts', "import '../../bench/x.ts';"],
  ])('refuses %s', (_what, file, text) => {
    const sources = { 'src/index.ts': '', 'test/x.ts': '', 'bench/x.ts': '' };
    expect(found({ ...sources, [file]: text })).toHaveLength(1);
  });

  it('refuses what stands over the room under the top', () => {
    expect(found({ 'src/f/x.ts': '', 'src/index.ts': "import './f/x.ts';" })).toEqual([
      'src/index.ts (index) imports src/f/x.ts (f)',
    ]);
  });

  it('refuses a room that it does not have', () => {
    expect(found({ 'src/g/x.ts': '' })).toEqual(["src/g/x.ts: the order has no room 'g'"]);
  });
});

describe('circles of files', () => {
  it('are none where imports end', () => {
    const sources = {
      'a.ts': "import './b.ts'; import './c.ts';",
      'b.ts': "import './c.ts'; new URL('./a.ts', import.meta.url);",
      'c.ts': "import 'd';",
    };
    expect(circles(tree(sources))).toEqual([]);
  });

  it.each<[string, Record<string, string>, string[][]]>([
    ['of one file', { 'a.ts': "import './a.ts';" }, [['a.ts']]],
    [
      'of two, for types too',
      { 'a.ts': "import './b.ts';", 'b.ts': "import type { T } from './a.ts';" },
      [['a.ts', 'b.ts']],
    ],
    [
      'of two, when it is needed',
      { 'a.ts': "import './b.ts';", 'b.ts': "await import('./a.ts');" },
      [['a.ts', 'b.ts']],
    ],
    [
      'of three behind another file, and two of them',
      {
        'a.ts': "import './b.ts'; import './e.ts';",
        'b.ts': "import './c.ts';",
        'c.ts': "import './d.ts';",
        'd.ts': "import './b.ts';",
        'e.ts': "import './f.ts'; import './b.ts';",
        'f.ts': "import './e.ts';",
      },
      [
        ['b.ts', 'c.ts', 'd.ts'],
        ['e.ts', 'f.ts'],
      ],
    ],
  ])('are found %s', (_what, sources, expected) => {
    expect(circles(tree(sources))).toEqual(expected);
  });
});

describe('unused exports', () => {
  const found = (sources: Record<string, string>) =>
    unusedExports(tree(sources), {
      roots: new Set(['src/index.ts']),
      counts: (user) => !user.startsWith('test/'),
    });

  it.each<[string, Record<string, string>]>([
    ['imported', { 'src/a.ts': 'export const x = 1;', 'src/b.ts': "import { x } from './a.ts';" }],
    [
      'imported for a type',
      { 'src/a.ts': 'export type T = 1;', 'src/b.ts': "import type { T } from './a.ts';" },
    ],
    ['a type in a type', { 'src/a.ts': 'export type T = 1;', 'src/b.ts': "let t: import('./a.ts').T;" }],
    [
      'taken when it is needed',
      { 'src/a.ts': 'export const x = 1;', 'src/b.ts': "const { x } = await import('./a.ts');" },
    ],
    [
      'passed on to users',
      { 'src/a.ts': 'export const x = 1;', 'src/index.ts': "export { x as y } from './a.ts';" },
    ],
    ['an entry', { 'src/index.ts': 'export const x = 1;' }],
    ['a job', { 'src/a.ts': 'export default 1;', 'src/b.ts': "new URL('./a.ts', import.meta.url);" }],
  ])('are none where one is %s', (_what, sources) => {
    expect(found(sources)).toEqual([]);
  });

  it.each<[string, Record<string, string>, string[]]>([
    ['a value that nobody takes', { 'src/a.ts': 'export const x = 1;' }, ['src/a.ts#x']],
    ['a type that nobody takes', { 'src/a.ts': 'export interface T {}' }, ['src/a.ts#T']],
    ['one that only its own file takes', { 'src/a.ts': 'export const x = 1; f(x);' }, ['src/a.ts#x']],
    [
      'one that only a test takes',
      { 'src/a.ts': 'export const x = 1;', 'test/a.ts': "import { x } from '../src/a.ts';" },
      ['src/a.ts#x'],
    ],
    [
      'another of the same file',
      { 'src/a.ts': 'export const x = 1; export const y = 1;', 'src/b.ts': "import { x } from './a.ts';" },
      ['src/a.ts#y'],
    ],
    [
      'one of the same name in another file',
      {
        'src/a.ts': 'export const x = 1;',
        'src/b.ts': 'export const x = 1;',
        'src/c.ts': "import { x } from './a.ts';",
      },
      ['src/b.ts#x'],
    ],
    [
      'what is passed on to nobody',
      { 'src/a.ts': 'export const x = 1;', 'src/b.ts': "export { x } from './a.ts';" },
      ['src/b.ts#x'],
    ],
    [
      'what its own file imports from itself',
      { 'src/a.ts': "import { x as y } from './a.ts'; export const x = 1;" },
      ['src/a.ts#x'],
    ],
    [
      'a default that nobody takes',
      { 'src/a.ts': 'export default 1;', 'src/b.ts': "new URL('./c.ts', import.meta.url);" },
      ['src/a.ts#default'],
    ],
    [
      'what is named beside a job',
      {
        'src/a.ts': 'export default 1; export const x = 1;',
        'src/b.ts': "new URL('./a.ts', import.meta.url);",
      },
      ['src/a.ts#x'],
    ],
    [
      'what is imported for nothing',
      { 'src/a.ts': 'export const x = 1;', 'src/b.ts': "import './a.ts';" },
      ['src/a.ts#x'],
    ],
  ])('are %s', (_what, sources, expected) => {
    expect(found(sources)).toEqual(expected);
  });

  it('could hide behind a star', () => {
    expect(openExports(tree({ 'a.ts': "export * from './b.ts';", 'b.ts': 'export {};' }))).toEqual(['a.ts']);
  });
});

describe('the ways to a package', () => {
  const sources = {
    'src/audio/plan.ts': "import type { Codec } from 'av'; import './names.ts';",
    'src/audio/names.ts': '',
    'src/audio/decode.ts': "import { open } from 'av/lib';",
    'src/audio/far.ts': "import './decode.ts';",
    'src/audio/log.ts': "const av = await import('av');",
  };
  const ways = (text: string) => waysTo('av', tree({ ...sources, 'src/cli/x.ts': text }), ['src/cli/**']);

  it.each([
    ['nothing', ''],
    ['what is only a type', "import type { Decoder } from '../audio/decode.ts';"],
    ['what loads its types', "import { plan } from '../audio/plan.ts';"],
    ['another thread', "new URL('../audio/decode.ts', import.meta.url);"],
    ['a package whose name begins alike', "import 'avro';"],
  ])('are none by %s', (_what, text) => {
    expect(ways(text)).toEqual([]);
  });

  it.each([
    ['itself', "import 'av';", 'src/cli/x.ts -> av'],
    ['a part of it', "import 'av/lib';", 'src/cli/x.ts -> av/lib'],
    ['a file', "import '../audio/decode.ts';", 'src/cli/x.ts -> src/audio/decode.ts -> av/lib'],
    [
      'a type beside which the file is loaded',
      "import { type T } from '../audio/decode.ts';",
      'src/cli/x.ts -> src/audio/decode.ts -> av/lib',
    ],
    [
      'a file when it is needed',
      "await import('../audio/log.ts');",
      'src/cli/x.ts -> src/audio/log.ts -> av',
    ],
    [
      'the shortest way',
      "import '../audio/far.ts'; import '../audio/decode.ts';",
      'src/cli/x.ts -> src/audio/decode.ts -> av/lib',
    ],
    ['require', "require('av');", 'src/cli/x.ts -> av'],
  ])('are found by %s', (_what, text, way) => {
    expect(ways(text)).toEqual([way]);
  });
});

describe('the layout of the ledger', () => {
  const found = (file: string, text: string) =>
    layoutOutside(tree({ [file]: text, 'src/budget/layout.ts': '' }));

  it.each<[string, string, string]>([
    ['the ledger', 'src/budget/x.ts', "import { PEAK } from './layout.ts';"],
    ['its tests', 'test/budget/x.ts', "import * as layout from '../../src/budget/layout.ts';"],
    ['the search', 'test/exhaustive/x.ts', "import { PEAK } from '../../src/budget/layout.ts';"],
    ['all, for the row of the main thread', 'src/c/x.ts', "import { MAIN_ROW } from '../budget/layout.ts';"],
    ['all, elsewhere', 'src/c/x.ts', "import { PEAK } from '../budget/ledger.ts';"],
  ])('is open to %s', (_who, file, text) => {
    expect(found(file, text)).toEqual([]);
  });

  it.each<[string, string, string, string]>([
    ['a source', 'src/c/x.ts', "import { MAIN_ROW, PEAK } from '../budget/layout.ts';", 'PEAK'],
    ['a test', 'test/c/x.ts', "import { PEAK as p } from '../../src/budget/layout.ts';", 'PEAK'],
    ['a benchmark', 'bench/x.ts', "import { PEAK } from '../src/budget/layout.ts';", 'PEAK'],
    ['who passes it on', 'src/c/x.ts', "export { PEAK } from '../budget/layout.ts';", 'PEAK'],
    ['when it is needed', 'src/c/x.ts', "const { PEAK } = await import('../budget/layout.ts');", 'PEAK'],
  ])('is closed to %s', (_who, file, text, name) => {
    expect(found(file, text)).toEqual([`${file}: ${name}`]);
  });
});

describe('names that say nothing', () => {
  it.each([
    'src/utils/x.ts',
    'src/util.ts',
    'test/helpers.ts',
    'src/common/x.ts',
    'misc',
    'src/types.ts',
    'src/Types.d.ts',
  ])('are found in %s', (path) => {
    expect(emptyNames([path])).toEqual([path]);
  });

  it('are not those that say something', () => {
    expect(
      emptyNames(['src/text/sizes.ts', 'src/uncommon.ts', 'docs/types-of-memory.md', '.biome.json']),
    ).toEqual([]);
  });
});

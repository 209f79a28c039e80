/**
 * The rules of the house, held against the checkout. That each of them finds what it is for is in
 * `rules.test.ts`.
 */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { circles } from './circles.ts';
import { openExports, unusedExports } from './exports.ts';
import { layoutOutside } from './layout.ts';
import { longFiles, longLines } from './lines.ts';
import { parseModule, parseSheet } from './module.ts';
import { emptyNames } from './names.ts';
import { waysTo } from './native.ts';
import { ORDER, outOfOrder, stepsOf } from './rooms.ts';
import { replaceableTimers } from './timers.ts';
import { commandsOf, entriesOf, readPaths, readTexts } from './tree.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const read = (path: string): string => readFileSync(`${root}${path}`, 'utf8');
const manifest = JSON.parse(read('package.json'));
const paths = readPaths(root);
const entries = entriesOf(manifest);
const code = paths.filter((path) => /^(src|workers|test|bench|examples)\/.*\.[jt]s$/.test(path));
const modules = Array.from(readTexts(root, code), ([file, text]) => parseModule(file, text, entries));
const sheets = Array.from(
  readTexts(
    root,
    paths.filter((path) => /^(src|bench)\/.*\.css$/.test(path)),
  ),
  ([file, text]) => parseSheet(file, text),
);

/** A crash of FFmpeg, or the time it takes to load, has no place in these. Some are still to come. */
const WITHOUT_FFMPEG = [
  ...['src/index.ts', 'src/worker.ts', 'src/runtime/**', 'src/telemetry/**', 'src/batch/**', 'src/report/**'],
  ...['src/audio/plan/**', 'src/isolation/**', 'src/cluster/**', 'src/service/**', 'src/cli/**'],
];

/** Exports that only tests use, and why. */
const SEAMS: Readonly<Record<string, string>> = {
  'src/audio/survey/formats.ts#FORMATS': 'docs/formats.md has a row for each, and its test compares them',
  'src/audio/tags/table.ts#fieldRows': 'the table in docs/formats.md is made of them by its test',
  'src/report/change.ts#RULES': 'docs/comparing.md states these figures, and its test compares them',
};

describe('the house', () => {
  it('is read whole', () => {
    expect(paths).toContain('docs/errors.md');
    expect(modules.length).toBeGreaterThan(400);
    expect(modules.flatMap(({ imports }) => imports).length).toBeGreaterThan(1500);
    expect(modules.flatMap(({ exports }) => exports).length).toBeGreaterThan(700);
    expect(modules.flatMap(({ addresses }) => addresses).length).toBeGreaterThan(20);
    expect(modules.flatMap(({ comments }) => comments).length).toBeGreaterThan(1500);
  });

  it('imports only files that are there', () => {
    const files = new Set(code);
    const targets = modules.flatMap(({ imports }) => imports.map(({ target }) => target));
    const missing = targets.filter(
      (target) => /^(src|workers|test|bench|examples)\//.test(target) && !files.has(target),
    );
    // The command's next files in the package.
    expect(missing).toEqual(['src/cli/compile-cache.js', 'src/cli/main.js']);
  });

  it('imports only from rooms before', () => {
    expect(outOfOrder(modules)).toEqual([]);
  });

  it('has no circle of files', () => {
    expect(circles(modules)).toEqual([]);
  });

  it('loads FFmpeg only in threads that work with audio', () => {
    const loading = modules.filter(({ imports }) => imports.some(({ target }) => /^node-av\b/.test(target)));
    expect(loading.length).toBeGreaterThan(5);
    expect(waysTo('node-av', modules, WITHOUT_FFMPEG)).toEqual([]);
  });

  it('loads no cryptography where threads start: it takes each of them 5 ms', () => {
    expect(waysTo('node:crypto', modules, ['src/index.ts', 'src/thread/**', 'workers/**'])).toEqual([]);
    expect(waysTo('node:crypto', modules, ['src/report/**'])).not.toEqual([]);
  });

  it('loads with each command nothing that is slow and that few need', () => {
    const atOnce = modules.map((module) => ({
      ...module,
      imports: module.imports.filter(({ loads }) => loads === 'now'),
    }));
    for (const slow of ['node:crypto', 'd3-shape']) {
      expect(waysTo(slow, atOnce, ['src/cli/main.ts'])).toEqual([]);
    }
    expect(waysTo('commander', atOnce, ['src/cli/main.ts'])).not.toEqual([]);
  });

  it('exports nothing that nothing uses', () => {
    const configurations = code.filter((file) => /\.config\.[jt]s$/.test(file));
    // The reporter and the set-up of the tests, which it names in strings.
    const named = Array.from(
      read('test/vitest.config.ts').matchAll(/'\.\/(test\/[\w-]+\.ts)'/g),
      ([, file]) => file,
    );
    const jobs = code.filter((file) => file.startsWith('workers/'));
    const roots = [...entries.values(), ...commandsOf(manifest), ...jobs, ...configurations, ...named];
    expect(roots.filter((file) => !code.includes(file))).toEqual([]);
    expect(roots.length).toBeGreaterThan(10);

    const top = (file: string): string => file.split('/')[0];
    const found = unusedExports(modules, {
      roots: new Set(roots),
      // Tests do not make an export of the sources or of a benchmark used, nor do benchmarks and examples one
      // of the sources.
      counts: (user, maker) =>
        top(maker) === 'test' || top(user) === top(maker) || !/^(test|bench|examples)/.test(user),
    });
    expect(found).toEqual(Object.keys(SEAMS));
    expect(openExports(modules)).toEqual([]);
  });

  it('knows the words of the ledger by their names', () => {
    expect(layoutOutside(modules)).toEqual([]);
  });

  it('takes timers and clocks before a test can replace them', () => {
    expect(replaceableTimers(modules)).toEqual([]);
  });

  it('has room on the page for every comment and line of code', () => {
    expect(sheets.length).toBeGreaterThan(0);
    expect([...modules, ...sheets].flatMap(longLines)).toEqual([]);
  });

  it('has no file over 300 lines but with a reason in its header', () => {
    expect(longFiles([...modules, ...sheets])).toEqual([]);
  });

  it('has no place for what has no name', () => {
    expect(emptyNames(paths)).toEqual([]);
  });
});

describe('the rooms in ARCHITECTURE.md', () => {
  const [, section] = read('ARCHITECTURE.md').split('\n## Rooms\n');
  const [, tree, , order] = section.split(/^```$/m);
  const rooms = Array.from(tree.matchAll(/^ {2}(\w+)\/ +(\S.*)$/gm), ([, room, holds]) => ({ room, holds }));
  const [, files] = /^ {2}(\w+\.ts(?: \w+\.ts)*) /m.exec(tree) ?? [];

  it('have the order that is held', () => {
    expect(order.trim().replace(/\s+/g, ' ')).toBe(ORDER);
  });

  it('are those of the order, and their places', () => {
    const loose = files.split(' ').map((file) => file.replace('.ts', ''));
    const ordered = [...stepsOf(ORDER).keys()].filter((room) => !loose.includes(room));
    expect(rooms.map(({ room }) => room).sort()).toEqual(ordered.sort());
  });

  it('are all that there is in src, and those to come are not there yet', () => {
    const there = rooms.filter(({ holds }) => !holds.startsWith('to come: '));
    const listed = [...there.map(({ room }) => room), ...files.split(' ')];
    const found = paths.filter((path) => /^src\/.*\.ts$/.test(path)).map((path) => path.split('/')[1]);
    expect(listed.sort()).toEqual([...new Set(found)].sort());
  });
});

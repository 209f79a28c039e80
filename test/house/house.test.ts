/**
 * The rules of the house, held against the checkout. That each of them finds what it is for is in
 * `rules.test.ts`.
 */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { circles } from './circles.ts';
import { parseModule } from './module.ts';
import { emptyNames } from './names.ts';
import { ORDER, stepsOf } from './rooms.ts';
import { entriesOf, readPaths, readTexts } from './tree.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const manifest = JSON.parse(readFileSync(`${root}package.json`, 'utf8'));
const paths = readPaths(root);
const entries = entriesOf(manifest);
const code = paths.filter((path) => /^(src|workers|test|bench)\/.*\.[jt]s$/.test(path));
const modules = Array.from(readTexts(root, code), ([file, text]) => parseModule(file, text, entries));

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
      (target) => /^(src|workers|test|bench)\//.test(target) && !files.has(target),
    );
    // The command's next file in the package.
    expect(missing).toEqual(['src/cli/main.js']);
  });

  it('has no circle of files', () => {
    expect(circles(modules)).toEqual([]);
  });

  it('has no place for what has no name', () => {
    expect(emptyNames(paths)).toEqual([]);
  });
});

describe('the rooms in ARCHITECTURE.md', () => {
  const [, section] = readFileSync(`${root}ARCHITECTURE.md`, 'utf8').split('\n## Rooms\n');
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

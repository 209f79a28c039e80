import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';

const read = (path: string): string => readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8');
const manifest = JSON.parse(read('package.json'));
const text = read('docs/platforms.md');
const binaries = Object.entries<string>(manifest.optionalDependencies);

it('the table of platforms has each binary that the package asks for', () => {
  const told = Array.from(text.matchAll(/^\| `(.+?)` \| \w.* \| (?:yes|no)\b/gm), ([, name]) => name);
  expect(told.sort()).toEqual(binaries.map(([name]) => name));
});

it('the Node that it names is the oldest that the package takes', () => {
  const [, oldest] = /^Node ([\d.]+) or newer/m.exec(text) ?? [];
  expect(manifest.engines.node).toBe(`>=${oldest}`);
});

it('a binary is asked for by name in the version that belongs to the package', () => {
  const named = Array.from(text.matchAll(/npm install (@\S+)@([\d.]+)`/g), ([, ...parts]) => parts);
  expect(named.length).toBeGreaterThan(0);
  for (const entry of named) expect(binaries).toContainEqual(entry);
});

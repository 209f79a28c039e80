import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { DECODERS, FORMATS } from '../../src/audio/survey/formats.ts';

const text = readFileSync(new URL('../../docs/formats.md', import.meta.url), 'utf8');

/** What the first column of a table names. */
function named(section: string): string[] {
  const [, table] = text.split(`## ${section}\n`);
  const rows = table.split('\n## ')[0].matchAll(/^\| (`.+?) \|/gm);
  return [...rows].flatMap(([, cell]) => [...cell.matchAll(/`(\w+)`/g)].map(([, name]) => name));
}

it('the page of formats has all that are read, and no other', () => {
  expect(named('Containers').toSorted()).toEqual([...FORMATS].toSorted());
});

it('the page of formats has all codecs that are decoded, and no other', () => {
  expect(named('Codecs').toSorted()).toEqual([...DECODERS].toSorted());
});

it('nothing is read that it says was dropped', () => {
  const dropped = named('What was dropped, and why');
  expect(dropped.length).toBeGreaterThan(40);
  const readRaw = new Set(['amrnb', 'amrwb']);
  expect(dropped.filter((name) => FORMATS.includes(name as (typeof FORMATS)[number]))).toEqual([]);
  expect(dropped.filter((name) => DECODERS.includes(name) && !readRaw.has(name))).toEqual([]);
});

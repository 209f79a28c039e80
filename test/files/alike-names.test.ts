import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { areOneName, foldedName } from '../../src/files/alike-names.ts';

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'millpond-names-'));
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

it.each([
  ['Song.flac', 'sOng.FLAC'],
  ['Ä.flac', 'A\u0308.flac'],
  ['ä.flac', 'A\u0308.flac'],
  ['STRASSE', 'straße'],
  ['K\u212a', 'kk'],
  ['a\u200db', 'AB'],
])('%s and %s may be one name', (one, other) => {
  expect(foldedName(one)).toBe(foldedName(other));
});

it.each([
  ['a.flac', 'b.flac'],
  ['a', 'ä'],
  ['a b', 'ab'],
  ['a.flac', 'a.flac '],
  ['\udcff', '\udcfe'],
])('%j and %j may not', (one, other) => {
  expect(foldedName(one)).not.toBe(foldedName(other));
});

it('what a file system takes for one name is found by making one, and nothing is left', () => {
  // What this one does with them, it says itself.
  execFileSync('touch', [join(root, 'Probe')]);
  const folds = readdirSync(root).includes('Probe') && isThere('pROBE');
  expect(areOneName(root, 'Song.flac', 'song.flac')).toBe(folds);
  expect(areOneName(root, 'a'.repeat(255), 'A'.repeat(255))).toBe(folds);
  expect(areOneName(root, 'same', 'same')).toBe(true);
  expect(areOneName(root, 'one', 'two')).toBe(false);
  expect(areOneName(join(root, 'none'), 'same', 'same')).toBe(false);
  expect(readdirSync(root)).toEqual(['Probe']);
});

function isThere(name: string): boolean {
  try {
    execFileSync('ls', [join(root, name)], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

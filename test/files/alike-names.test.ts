import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { areOneName, foldedName } from '../../src/files/alike-names.ts';
import { makeAside } from '../../src/files/aside.ts';
import { ownerText, ownProcess } from '../../src/files/owner.ts';
import { sweep, sweepDead } from '../../src/files/whole-file.ts';

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

it('what was tried by a process that died is swept, and nothing that it leads to', () => {
  mkdirSync(join(root, 'precious'));
  writeFileSync(join(root, 'precious/x.flac'), '');
  // One more than the highest number that Linux gives.
  const gone = { ...ownProcess(), pid: '4194305' };
  const tried = () => makeAside(join(root, 'names'));
  const ofDead = (path: string) => path.replace(ownerText(ownProcess()), ownerText(gone));
  const left = tried();
  writeFileSync(join(left, 'Song.flac'), '');
  symlinkSync(join(root, 'precious'), join(left, 'link'));
  renameSync(left, ofDead(left));
  const own = tried();
  symlinkSync(join(root, 'precious'), ofDead(own));
  sweepDead(root);
  expect(readdirSync(root).toSorted()).toEqual([basename(own), 'precious']);
  expect(readdirSync(join(root, 'precious'))).toEqual(['x.flac']);
  sweep(root);
  expect(readdirSync(root)).toEqual(['precious']);
});

function isThere(name: string): boolean {
  try {
    execFileSync('ls', [join(root, name)], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

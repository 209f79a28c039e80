import { mkdirSync, mkdtempSync, rmSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { decide, type Existing, withoutExisting } from '../../src/batch/existing.ts';
import { planBatch } from '../../src/batch/plan.ts';

type Found = Parameters<typeof decide>[1];

const OLD = 1_700_000_000_000_000_000n;
const none: Found = { inputNs: OLD, outputExists: false, outputNs: null };
const older: Found = { inputNs: OLD + 1n, outputExists: true, outputNs: OLD };
const same: Found = { inputNs: OLD, outputExists: true, outputNs: OLD };
const newer: Found = { inputNs: OLD, outputExists: true, outputNs: OLD + 1n };
const noFile: Found = { inputNs: OLD, outputExists: true, outputNs: null };
const noInput: Found = { inputNs: null, outputExists: true, outputNs: OLD };

describe('where an output', () => {
  it.each<[string, Found, Record<Existing, string>]>([
    ['is missing', none, { replace: 'create', skip: 'create', newer: 'create', refuse: 'create' }],
    [
      'is a nanosecond older',
      older,
      { replace: 'replace', skip: 'exists', newer: 'replace', refuse: 'refuse' },
    ],
    ['is as old', same, { replace: 'replace', skip: 'exists', newer: 'notNewer', refuse: 'refuse' }],
    ['is newer', newer, { replace: 'replace', skip: 'exists', newer: 'notNewer', refuse: 'refuse' }],
    ['is no file', noFile, { replace: 'replace', skip: 'exists', newer: 'replace', refuse: 'refuse' }],
    ['has no input', noInput, { replace: 'replace', skip: 'exists', newer: 'replace', refuse: 'refuse' }],
  ])('%s, each rule decides for itself', (_what, found, expected) => {
    const decisions = Object.keys(expected).map((rule) => [rule, decide(rule as Existing, found)]);
    expect(Object.fromEntries(decisions)).toEqual(expected);
  });
});

describe('a plan without what exists', () => {
  let root: string;
  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), 'millpond-existing-'));
    for (const folder of ['in', 'out']) mkdirSync(join(root, folder));
    put('in/done.wav', 1000);
    put('in/changed.wav', 1000.002);
    put('in/new.wav', 1000);
    put('in/linked.wav', 1000);
    put('in/notes.txt', 1000);
    put('out/done.flac', 1000.001);
    put('out/changed.flac', 1000.001);
    symlinkSync(join(root, 'nowhere'), join(root, 'out/linked.flac'));
  });
  afterEach(() => rmSync(root, { recursive: true, force: true }));

  function put(name: string, seconds: number): void {
    writeFileSync(join(root, name), '');
    utimesSync(join(root, name), seconds, seconds);
  }

  async function chosen(existing: Existing) {
    const all = await planBatch([join(root, 'in')], { folder: join(root, 'out'), extension: '.flac' });
    const { files, skipped, refused } = await withoutExisting(all, existing);
    const name = ({ input }: { input: string }) => input.slice(root.length + 4);
    return {
      files: files.map(name).sort(),
      skipped: skipped.map((file) => `${name(file)} ${file.reason}`).sort(),
      refused: refused.map(name).sort(),
    };
  }

  it.each<[Existing, Awaited<ReturnType<typeof chosen>>]>([
    [
      'replace',
      {
        files: ['changed.wav', 'done.wav', 'linked.wav', 'new.wav'],
        skipped: ['notes.txt notAudio'],
        refused: [],
      },
    ],
    [
      'skip',
      {
        files: ['new.wav'],
        skipped: ['changed.wav exists', 'done.wav exists', 'linked.wav exists', 'notes.txt notAudio'],
        refused: [],
      },
    ],
    [
      'newer',
      {
        files: ['changed.wav', 'linked.wav', 'new.wav'],
        skipped: ['done.wav notNewer', 'notes.txt notAudio'],
        refused: [],
      },
    ],
    [
      'refuse',
      {
        files: ['new.wav'],
        skipped: ['notes.txt notAudio'],
        refused: ['changed.wav', 'done.wav', 'linked.wav'],
      },
    ],
  ])('has by the rule %s what is left to do', async (existing, expected) => {
    expect(await chosen(existing)).toEqual(expected);
  });
});

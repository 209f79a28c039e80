import { mkdirSync, mkdtempSync, rmSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Existing, existingRule } from '../../src/batch/existing.ts';
import type { Found, FoundFile, Rule } from '../../src/batch/plan.ts';
import { listed } from './listed.ts';

const OLD = 1_700_000_000_000_000_000n;
const file = { input: '/in/x.wav', output: '/out/x.flac', bytes: 1, estimatedSeconds: 1 };
const of = (changedNs: bigint | null): FoundFile => ({
  ...{ bytes: 1, changedNs, isFile: changedNs !== null, isLink: false },
});
const none: Found = { input: of(OLD), output: null };
const older: Found = { input: of(OLD + 1n), output: of(OLD) };
const same: Found = { input: of(OLD), output: of(OLD) };
const newer: Found = { input: of(OLD), output: of(OLD + 1n) };
const noFile: Found = { input: of(OLD), output: of(null) };
const noInput: Found = { input: null, output: of(OLD) };

function decided(existing: Existing, found: Found): string {
  const verdict = existingRule(existing)(file, found) as Exclude<ReturnType<Rule>, null | Promise<unknown>>;
  if (typeof verdict === 'string') return verdict;
  return 'skip' in verdict ? verdict.skip : `refuse ${verdict.refuse.code}`;
}

const REFUSE = 'refuse ERR_OUTPUT_EXISTS';

describe('where an output', () => {
  it.each<[string, Found, Record<Existing, string>]>([
    ['is missing', none, { replace: 'do', skip: 'do', newer: 'do', refuse: 'do' }],
    ['is a nanosecond older', older, { replace: 'do', skip: 'exists', newer: 'do', refuse: REFUSE }],
    ['is as old', same, { replace: 'do', skip: 'exists', newer: 'notNewer', refuse: REFUSE }],
    ['is newer', newer, { replace: 'do', skip: 'exists', newer: 'notNewer', refuse: REFUSE }],
    ['is no file', noFile, { replace: 'do', skip: 'exists', newer: 'do', refuse: REFUSE }],
    ['has no input', noInput, { replace: 'do', skip: 'exists', newer: 'do', refuse: REFUSE }],
  ])('%s, each rule decides for itself', (_what, found, expected) => {
    const decisions = Object.keys(expected).map((rule) => [rule, decided(rule as Existing, found)]);
    expect(Object.fromEntries(decisions)).toEqual(expected);
  });
});

describe('a listing without what exists', () => {
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
    const outputs = { folder: join(root, 'out'), extension: '.flac' };
    const rules = [existingRule(existing)];
    const { files, skipped, refused } = await listed([join(root, 'in')], outputs, { rules });
    const name = ({ input }: { input: string }) => input.slice(root.length + 4);
    return {
      files: files.map(name).sort(),
      skipped: skipped.map((file) => `${name(file)} ${file.reason}`).sort(),
      refused: refused.map((refusal) => name(refusal.file)).sort(),
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

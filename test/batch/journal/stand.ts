/** A folder with an input, and the journal of a batch over it. */
import { lstatSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach } from 'vitest';
import { BatchJournal, type JournalOptions } from '../../../src/batch/journal/batch-journal.ts';
import type { Mark } from '../../../src/batch/journal/entries.ts';
import { readJournal } from '../../../src/batch/journal/read-journal.ts';
import type { FoundFile } from '../../../src/batch/plan.ts';

let root: string;

/** To be called once in a file: each of its tests gets a folder with an input. */
export function inFolder(): void {
  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), 'millpond-journal-'));
    writeFileSync(at('a.wav'), 'sound');
  });
  afterEach(() => rmSync(root, { recursive: true, force: true }));
}

export const at = (...parts: string[]) => join(root, ...parts);
export const journalPath = () => at('out/.millpond/journal.ndjson');

export function opened(options: Partial<JournalOptions> = {}): Promise<BatchJournal> {
  return BatchJournal.open({
    outputs: at('out'),
    settings: { to: 'flac' },
    engine: async () => 'engine',
    durability: 'process',
    redo: false,
    check: 'times',
    ...options,
  });
}

export const DONE = { skip: 'done' };
export const file = (name = 'a') => ({ input: at(`${name}.wav`), output: at('out', `${name}.flac`) });

export function markAt(path: string): Mark | null {
  const info = statSync(path, { bigint: true, throwIfNoEntry: false });
  return info === undefined ? null : { bytes: Number(info.size), mtimeNs: `${info.mtimeNs}` };
}

function foundAt(path: string): FoundFile | null {
  const info = lstatSync(path, { bigint: true, throwIfNoEntry: false });
  const isLink = info?.isSymbolicLink() ?? false;
  return info === undefined
    ? null
    : { bytes: Number(info.size), changedNs: info.mtimeNs, isLink, isFile: info.isFile() };
}

export async function resumed(journal: BatchJournal, { input, output } = file()) {
  const planned = { input, output, bytes: 0, estimatedSeconds: 0 };
  const verdict = await journal.known.verdict(planned, { input: foundAt(input), output: foundAt(output) });
  return verdict ?? 'unknown';
}

export async function make(journal: BatchJournal, one = file(), content = 'output'): Promise<void> {
  await journal.begin(one);
  writeFileSync(one.output, content);
  await journal.done(one);
}

/** A journal that says of `a` that it is done. */
export async function made(options: Partial<JournalOptions> = {}): Promise<void> {
  await using journal = await opened(options);
  await make(journal);
}

export async function read(path = journalPath()) {
  await using handle = await open(path);
  return await readJournal(handle, path);
}

/** A journal as a batch writes it, in memory, and what is known after each of its lines. */
import type { FileHandle } from 'node:fs/promises';
import type { Done, Failed, Group, Header } from '../../../src/batch/journal/entries.ts';
import { writeLine } from '../../../src/batch/journal/lines.ts';
import { type ReadJournal, readJournal } from '../../../src/batch/journal/read-journal.ts';

export const HEADER: Header = {
  schema: 'millpond.journal/1',
  version: '0.1.0',
  begun: '2026-01-02T03:04:05.000Z',
  settings: { to: 'flac' },
  engine: 'e'.repeat(64),
};

export function done(name: string, bytes = 10): Done {
  return {
    input: { path: `/in/${name}.wav`, bytes, mtimeNs: '1764457200123456789' },
    output: { path: `${name}.flac`, bytes: bytes - 1, mtimeNs: '1764457201123456789' },
  };
}

export function failed(name: string, code = 'ERR_AUDIO_OPEN'): Failed {
  return { input: done(name).input, output: `${name}.flac`, code, message: 'It is damaged.' };
}

/** Files that end, are planned and cancelled, done twice and with other sizes. */
export const GROUPS: readonly Group[] = [
  { planned: ['a.flac', 'b.flac', 'c.flac'] },
  { done: [done('a'), done('\udcff b')] },
  { failed: [failed('b', 'ERR_NATIVE_CRASH')], done: [done('d', 70_000)] },
  { cancelled: ['c.flac'] },
  { planned: ['a.flac'] },
  { done: [done('a', 12)] },
];

export function textOf(header: object, groups: readonly object[]): Buffer {
  let checksum = 0;
  return Buffer.concat(
    [header, ...groups].map((content) => {
      const line = writeLine(JSON.stringify(content), checksum);
      checksum = line.checksum;
      return line.bytes;
    }),
  );
}

/** Reads them as a file. */
export function readBytes(bytes: Uint8Array): Promise<ReadJournal | null> {
  const read = async (target: Uint8Array, offset: number, length: number, position: number) => {
    const part = bytes.subarray(position, position + length);
    target.set(part, offset);
    return { bytesRead: part.length, buffer: target };
  };
  return readJournal({ read } as unknown as FileHandle, '/out/.millpond/journal.ndjson');
}

import type { FileHandle } from 'node:fs/promises';
import { expect, it } from 'vitest';
import { JournalFile } from '../../../src/batch/journal/journal-file.ts';
import { MOST_LINE_BYTES, writeLine } from '../../../src/batch/journal/lines.ts';
import { Syncs } from '../../../src/batch/journal/syncs.ts';
import { done, HEADER, readBytes } from './written.ts';

it('what comes at once shares a line, and long names in any script more lines than one', async () => {
  const first = writeLine(JSON.stringify(HEADER), 0);
  const written = [first.bytes];
  const write = async (bytes: Buffer) => {
    written.push(bytes);
    return { bytesWritten: bytes.length };
  };
  const file = { write, close: async () => {} } as unknown as FileHandle;
  const start = { end: first.bytes.length, checksum: first.checksum };
  const journal = new JournalFile({ path: 'journal', file, syncs: new Syncs('process'), ...start });
  const few = ['a', 'b'].map((name) => journal.append({ kind: 'done', entry: done(name), folder: '/' }));
  await Promise.all([...few, journal.append({ kind: 'planned', entry: 'c.flac' })]);
  expect(written).toHaveLength(2);
  // Three bytes a letter.
  const names = Array.from({ length: 700 }, (_, at) => `${at} ${'音'.repeat(1000)}.flac`);
  await Promise.all(names.map((entry) => journal.append({ kind: 'planned', entry })));
  await journal.close();
  expect(written.length).toBeGreaterThan(3);
  expect(Math.max(...written.map(({ length }) => length))).toBeLessThan(MOST_LINE_BYTES);
  const known = await readBytes(Buffer.concat(written));
  expect([...(known?.done.keys() ?? [])]).toEqual(['a.flac', 'b.flac']);
  expect([...(known?.planned ?? [])]).toEqual(['c.flac', ...names]);
});

/** What files of others have and no output has a place for is in a note, each kind of it. */
import { readFileSync, writeFileSync } from 'node:fs';
import { beforeAll, expect, test } from 'vitest';
import { createFileSink } from '../../../src/audio/sinks/file-sink.ts';
import { NO_TAGS } from '../../../src/audio/tags/model.ts';
import { tagWriterFor } from '../../../src/audio/tags/write/writers.ts';
import { convert, readAll, scratch } from '../audio-files.ts';
import {
  ape,
  big,
  comments,
  element,
  entries,
  id3,
  id3Frame,
  little,
  userFrames,
  withBlocks,
  withElements,
} from '../tags.ts';
import { noise, writeWav } from '../wav.ts';
import { png } from './pictures.ts';

const at = scratch();
const files = {} as Record<'flac' | 'mp3' | 'wv' | 'mka', Buffer>;

beforeAll(() => {
  writeWav(at('sound.wav'), [noise(9000, 16)], { rate: 48_000 });
  for (const to of ['flac', 'mp3'] as const) {
    convert(at('sound.wav'), at(`sound.${to}`), to);
    files[to] = readFileSync(at(`sound.${to}`));
  }
  files.mp3 = files.mp3.subarray(files.mp3.indexOf(Buffer.from([0xff, 0xfb])));
  for (const name of ['wv', 'mka'] as const) {
    files[name] = readFileSync(new URL(`../fixtures/tone.${name}`, import.meta.url));
  }
});

const COMMENTS = 4;
const PICTURE = 6;
const flacWith = (...list: readonly (readonly [string, string])[]) =>
  withBlocks(files.flac, [[COMMENTS, comments(list)]]);
const mp3With = (frame: Buffer, version: 2 | 3 = 3) => Buffer.concat([id3([frame], { version }), files.mp3]);
const chapterWith = (inner: Buffer) =>
  id3Frame('CHAP', Buffer.concat([Buffer.from('c\0'), Buffer.alloc(16), inner]));
const mkaTag = (targets: Buffer, value: Buffer) =>
  element(
    '1254c367',
    element('7373', element('63c0', targets), element('67c8', element('45a3', Buffer.from('X')), value)),
  );
const mkaEdition = (...chapters: readonly Buffer[]) => element('45b9', ...chapters);
const mkaChapter = (...inner: readonly Buffer[]) => element('b6', element('91', big(0)), ...inner);

/** A binary item of APEv2 has another kind in its flags. */
function binaryApe(): Buffer {
  const tag = ape([['Log', 'x']]);
  tag[tag.indexOf('Log') - 4] = 2;
  return tag;
}

test.each<[string, () => Buffer, string]>([
  ['a comment without a name', () => flacWith(['', 'x']), 'A tag was left out: it has no name'],
  ['a name that is too long', () => flacWith(['N'.repeat(2000), 'x']), 'A tag was left out: it has no name'],
  [
    'a chapter without a time',
    () => flacWith(['CHAPTER001NAME', 'One']),
    'A chapter was left out: nothing says when it begins.',
  ],
  [
    'a text without a name',
    () => mp3With(id3Frame('TXXX', '\0\0value')),
    'A field was left out: it has no name.',
  ],
  [
    'a frame of ID3v2.2',
    () => mp3With(id3Frame('POP', 'x\0\x80', 2), 2),
    'POP was left out: it is of ID3v2.2.',
  ],
  ['a chapter without times', () => mp3With(id3Frame('CHAP', 'c\0')), 'A chapter was left out: nothing says'],
  [
    'a picture of a chapter',
    () => mp3With(chapterWith(id3Frame('APIC', '\0image/png\0\x03\0x'))),
    'APIC of chapters was left out: only their titles carry over.',
  ],
  [
    'a picture behind too much',
    () => mp3With(id3Frame('APIC', Buffer.from(`\0image/png\0\x03${'d'.repeat(70_000)}\0x`))),
    'A picture was left out: what is in front of it is too long.',
  ],
  ['bytes of APEv2', () => Buffer.concat([files.wv, binaryApe()]), '"Log" was left out: it is no text'],
  [
    'a tag of a chapter',
    () => withElements(files.mka, mkaTag(element('63c4', big(7)), element('4487', Buffer.from('x')))),
    'Tags of chapters, editions and attachments were left out.',
  ],
  [
    'bytes of Matroska',
    () => withElements(files.mka, mkaTag(Buffer.alloc(0), element('4485', Buffer.from('x')))),
    '"X" was left out: it is no text.',
  ],
  [
    'an attachment',
    () => {
      const file = [element('466e', Buffer.from('a.ttf')), element('4660', Buffer.from('font/ttf'))];
      return withElements(files.mka, element('1941a469', element('61a7', ...file, element('465c', big(1)))));
    },
    'An attachment was left out: "a.ttf" is no picture.',
  ],
  [
    'another edition',
    () => withElements(files.mka, element('1043a770', mkaEdition(mkaChapter()), mkaEdition(mkaChapter()))),
    'Chapters of other editions than the first were left out.',
  ],
  [
    'a chapter within another',
    () => withElements(files.mka, element('1043a770', mkaEdition(mkaChapter(mkaChapter())))),
    'Chapters within others were left out.',
  ],
  [
    'sixty pictures',
    () => {
      const mime = Buffer.from('image/png');
      const bytes = png();
      const numbers = [0, 0, 0, 0, bytes.length].map((value) => big(value));
      const block = Buffer.concat([big(3), big(mime.length), mime, big(0), ...numbers, bytes]);
      return withBlocks(
        files.flac,
        Array.from({ length: 60 }, () => [PICTURE, block] as const),
      );
    },
    'Tags were left out: there are too many of them',
  ],
  [
    'three thousand fields',
    () => Buffer.concat([id3(userFrames(entries(3000))), files.mp3]),
    'Tags were left out: there are too many of them',
  ],
])('%s is in a note', (_, file, note) => {
  writeFileSync(at('other'), file());
  const { warnings } = readAll(at('other'));
  expect(warnings).toEqual([expect.stringContaining(note)]);
});

test('a WAV that is full has no room for ID3, and says so', () => {
  const fields = [{ key: 'MY OWN', value: 'x' }];
  const writer = tagWriterFor({ to: 'wav', encoder: 'pcm_s16le' }, { ...NO_TAGS, fields }, null);
  using sink = createFileSink({ path: at('full.wav') });
  sink.write(little(0), 0xffff_ffff - 100);
  writer.finish(sink, null);
  expect(writer.endNotes).toEqual([expect.stringContaining('with them the wav would be over 4 GiB')]);
  expect(sink.size()).toBeLessThan(0xffff_ffff);
});

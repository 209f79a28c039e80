/** Several values of one name in ID3, which FFmpeg by itself makes tags of what lies in freed memory of. */
import { readFileSync, writeFileSync } from 'node:fs';
import { beforeAll, describe, expect, test } from 'vitest';
import { openDecoder } from '../../src/audio/open-decoder.ts';
import { dirtyShard } from '../stand.ts';
import { convert, scratch } from './audio-files.ts';
import { aiffChunk, riffChunk, withAiffChunks, withChunks } from './chunks.ts';
import { feedOf, readStream } from './feeds.ts';
import { byKey, id3, id3Frame, title } from './tags.ts';
import { noise, writeWav } from './wav.ts';

const at = scratch();
let mp3: Buffer;
beforeAll(() => {
  writeWav(at('a.wav'), [noise(5000, 16)]);
  convert(at('a.wav'), at('a.mp3'), 'mp3');
  const bytes = readFileSync(at('a.mp3'));
  mp3 = bytes.subarray(bytes.indexOf(Buffer.from([0xff, 0xfb])));
});

function tagsOf(bytes: Buffer): Record<string, string> {
  writeFileSync(at('tagged'), bytes);
  using decoder = openDecoder(at('tagged'));
  const pool = dirtyShard();
  using lease = pool.acquire(bytes.length);
  lease.bytes.set(bytes);
  using inMemory = openDecoder({ leases: [lease] });
  expect(inMemory.info.tags).toEqual(decoder.info.tags);
  return byKey(decoder.info.tags);
}

function big(text: string): Buffer {
  return Buffer.from(text, 'utf16le').swap16();
}

const LITTLE_MARK = Buffer.from([0xff, 0xfe]);
const BIG_MARK = Buffer.from([0xfe, 0xff]);

function little(...texts: string[]): Buffer {
  return Buffer.concat(texts.flatMap((text) => [LITTLE_MARK, Buffer.from(text, 'utf16le')]));
}

describe('a name with several values', () => {
  const frames: readonly (readonly [what: string, body: Buffer, expected: string])[] = [
    ['in Latin 1', Buffer.from('\0name\0one\0two\0three\0', 'latin1'), 'one;two;three'],
    ['in UTF-8', Buffer.from('\x03name\0één\0twee'), 'één;twee'],
    ['with an empty one', Buffer.from('\x03name\0one\0\0two'), 'one;;two'],
    ['of one only', Buffer.from('\x03name\0one\0'), 'one'],
    [
      'in UTF-16, with marks',
      Buffer.concat([Buffer.from([1]), little('name\0', 'one\0', 'two\0', 'three')]),
      'one;two;three',
    ],
    [
      'in UTF-16, big endian, with marks',
      Buffer.concat([
        Buffer.from([1]),
        ...['name\0', 'one\0', 'two'].flatMap((text) => [BIG_MARK, big(text)]),
      ]),
      'one;two',
    ],
    ['in UTF-16 without marks', Buffer.concat([Buffer.from([2]), big('name\0one\0two')]), 'one;two'],
    [
      'longer than what is looked at at once',
      Buffer.from(`\x03name\0${'a'.repeat(5000)}\0${'b'.repeat(9000)}\0c`),
      `${'a'.repeat(5000)};${'b'.repeat(9000)};c`,
    ],
  ];

  test.each(frames)('has them joined as other tags have: %s', (_, body, expected) => {
    const tag = id3([title('a title'), id3Frame('TXXX', body), id3Frame('TPE1', '\0somebody')]);
    for (let again = 0; again < 3; again++) {
      expect(tagsOf(Buffer.concat([tag, mp3]))).toEqual({
        TITLE: 'a title',
        name: expected,
        ARTIST: 'somebody',
      });
    }
  });

  test('has them joined in the tags of other formats, too, and of a stream', () => {
    const tag = id3([id3Frame('TXXX', '\0name\0one\0two')]);
    const aac = readFileSync(new URL('fixtures/tone.aac', import.meta.url));
    const aiff = readFileSync(new URL('fixtures/tone.aiff', import.meta.url));
    convert(at('a.wav'), at('a.flac'), 'flac');
    for (const bytes of [
      Buffer.concat([tag, aac]),
      Buffer.concat([tag, readFileSync(at('a.flac'))]),
      withChunks(readFileSync(at('a.wav')), [riffChunk('id3 ', tag)]),
      withChunks(readFileSync(at('a.wav')), [], [riffChunk('id3 ', tag)]),
      withAiffChunks(aiff, [], [aiffChunk('ID3 ', tag)]),
    ]) {
      expect(tagsOf(bytes)).toEqual({ name: 'one;two' });
    }
    expect(byKey(readStream(feedOf(Buffer.concat([tag, mp3]), [100])).info.tags)).toEqual({
      name: 'one;two',
    });
  });

  test('is read where FFmpeg could not tell whether there are several', () => {
    const flags = 0x02;
    const body = Buffer.concat([Buffer.from([1]), little('name\0', 'one\0', 'two')]);
    const tag = id3([title('a title'), id3Frame('TXXX', body, 4, flags)], { version: 4 });
    writeFileSync(at('hidden.mp3'), Buffer.concat([tag, mp3]));
    using decoder = openDecoder(at('hidden.mp3'));
    expect(byKey(decoder.info.tags)).toEqual({ TITLE: 'a title', name: 'one;two' });
    expect(decoder.warnings).toEqual([]);
  });
});

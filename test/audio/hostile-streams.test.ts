/** Streams that would do harm: the same kinds as of files, and those that never end. */
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { dirtyShard } from '../stand.ts';
import { info, riffChunk, withChunks } from './chunks.ts';
import { endlessFeed, feedOf, readStream } from './feeds.ts';
import { withPacket, withTags } from './ogg.ts';
import { refusal } from './refusal.ts';
import { streamedFiles } from './streamed-files.ts';
import { comments, entries, id3, title, userFrames, withBlocks } from './tags.ts';

const { files } = streamedFiles();
const MIB = 1024 * 1024;
const HUGE = 0x7fff_fff0;
const FEW = entries(100);
/** FFmpeg would compare 160 million letters. */
const MANY = entries(6000);
const vorbisTags = (list: typeof MANY) =>
  Buffer.concat([Buffer.from('\x03vorbis'), comments(list), Buffer.from([1])]);
const opusTags = (list: typeof MANY) => Buffer.concat([Buffer.from('OpusTags'), comments(list)]);
const blocks = (count: number) =>
  Array.from({ length: count }, (_, i) => [4, comments([[`name${i}${'n'.repeat(400)}`, 'x']])] as const);

describe('a stream that would do harm', () => {
  const laden: readonly (readonly [what: string, file: (list: typeof MANY) => Buffer])[] = [
    ['FLAC', (list) => withBlocks(files.flac, [[4, comments(list)]])],
    ['Ogg Vorbis', (list) => withTags(files.ogg, vorbisTags(list))],
    ['Opus', (list) => withTags(files.opus, opusTags(list))],
    ['a later link of Ogg', (list) => Buffer.concat([files.ogg, withTags(files.opus, opusTags(list))])],
    ['Ogg, in the middle of its sound', (list) => withPacket(files.ogg, vorbisTags(list))],
    ['WAV', (list) => withChunks(files.wav, [info(list)])],
    ['WAV, as ID3', (list) => withChunks(files.wav, [riffChunk('ID3 ', id3(userFrames(list)))])],
    ['AAC, between its frames', (list) => Buffer.concat([files.aac, id3(userFrames(list)), files.aac])],
  ];

  test.each(laden)('by thousands of tags is refused: %s', (_, file) => {
    expect(readStream(feedOf(file(FEW), [1000])).frames).toBeGreaterThan(0);
    expect(() => readStream(feedOf(file(MANY), [1000]))).toThrow(
      refusal('ERR_AUDIO_UNSUPPORTED', 'got "feed": there are too many of them'),
    );
  });

  test('by many lists of tags is refused', () => {
    expect(() => readStream(feedOf(withBlocks(files.flac, blocks(700)), [1000]))).toThrow(
      refusal('ERR_AUDIO_UNSUPPORTED', 'there are too many of them'),
    );
  });

  test('counts tags by link, so that a radio station may go on for ever', () => {
    const link = withTags(files.opus, opusTags(entries(1500)));
    const { frames } = readStream(feedOf(link, [65_536]));
    const many = readStream(feedOf(Buffer.concat(Array(6).fill(link)), [65_536]));
    expect([many.frames, many.warnings]).toEqual([6 * frames, []]);
  });

  test.each([
    ['LIST', info(FEW, HUGE - 12)],
    ['bext', riffChunk('bext', Buffer.alloc(10), HUGE)],
    ['cue', riffChunk('cue ', Buffer.from([0xff, 0xff, 0xff, 0x04]), HUGE)],
    ['fmt', riffChunk('fmt ', Buffer.alloc(10), HUGE)],
    ['what nobody knows', riffChunk('abcd', Buffer.alloc(10), HUGE)],
  ])('by a chunk that claims 2 GiB is refused, and takes no memory: %s', (_, chunk) => {
    const feed = feedOf(withChunks(files.wav, [chunk]), [1000]);
    expect(() => readStream(feed)).toThrow(refusal('ERR_AUDIO_UNSUPPORTED'));
    expect(feed.fed).toBeLessThan(10_000);
  });

  test('by a chunk that claims more than comes says so', () => {
    const bytes = withChunks(files.wav, [riffChunk('LIST', Buffer.from('INFO'), 5 * MIB)]);
    expect(() => readStream(feedOf(bytes, [65_536]))).toThrow(
      refusal('ERR_AUDIO_OPEN', `of ${bytes.length} bytes, where "LIST" claims 5242880 bytes`),
    );
  });

  const zeros = Buffer.alloc(65_536);
  const BUDGET = { budgetBytes: 16 * MIB, mostOutputBytes: 4 * MIB };
  const never: readonly (readonly [
    what: string,
    feed: () => ReturnType<typeof endlessFeed>,
    code: string,
  ])[] = [
    ['zeros', () => endlessFeed(zeros, zeros), 'ERR_AUDIO_OPEN'],
    ['a text', () => endlessFeed(Buffer.from('#EXTM3U\n'), Buffer.from('a.mp3\n')), 'ERR_AUDIO_OPEN'],
    ['ID3 tags', () => endlessFeed(Buffer.alloc(0), id3([title('x')])), 'ERR_AUDIO_OPEN'],
    [
      'long ID3 tags',
      () => endlessFeed(Buffer.alloc(0), id3([], { paddingBytes: 2 * MIB })),
      'ERR_AUDIO_UNSUPPORTED',
    ],
    [
      'ID3 that claims 256 MiB',
      () => endlessFeed(Buffer.from('ID3\x03\0\0\x7f\x7f\x7f\x7f', 'latin1'), zeros),
      'ERR_AUDIO_UNSUPPORTED',
    ],
    [
      'blocks of FLAC',
      () =>
        endlessFeed(
          files.flac.subarray(0, 42),
          Buffer.concat([Buffer.from([6, 0, 0x40, 0]), zeros.subarray(0, 0x4000)]),
        ),
      'ERR_AUDIO_UNSUPPORTED',
    ],
    [
      'chunks of WAV',
      () => endlessFeed(files.wav.subarray(0, 36), riffChunk('abcd', zeros)),
      'ERR_AUDIO_UNSUPPORTED',
    ],
  ];

  test.each(never)('and never ends is refused within a few MiB: %s', (_, feedOf, code) => {
    const feed = feedOf();
    expect(() => readStream(feed, dirtyShard(BUDGET))).toThrow(
      refusal(code, /--stream|Behind ID3 tags|too many of them/),
    );
    expect(feed.fed).toBeLessThan(5 * MIB);
  });

  test('by one packet of tags without an end is refused within a few MiB', () => {
    const [begin, more] = endlessTags();
    const feed = endlessFeed(begin, more);
    expect(() => readStream(feed, dirtyShard(BUDGET))).toThrow(
      refusal('ERR_AUDIO_UNSUPPORTED', 'has 4 MiB at most'),
    );
    expect(feed.fed).toBeLessThan(5 * MIB);
  });

  test.each([
    ['aiff', 'ERR_AUDIO_UNSUPPORTED', 'aiff'],
    ['caf', 'ERR_AUDIO_UNSUPPORTED', 'caf'],
    ['mka', 'ERR_AUDIO_UNSUPPORTED', 'matroska'],
    ['w64', 'ERR_AUDIO_UNSUPPORTED', 'w64'],
    ['wv', 'ERR_AUDIO_UNSUPPORTED', 'wv'],
    ['avi', 'ERR_AUDIO_UNSUPPORTED', 'avi'],
    ['wma', 'ERR_AUDIO_UNSUPPORTED', 'asf'],
    ['ac3', 'ERR_AUDIO_OPEN', 'none of them'],
  ])('is of a format that has to be read back and forth: %s', (suffix, code, got) => {
    const bytes = readFileSync(new URL(`fixtures/tone.${suffix}`, import.meta.url));
    expect(() => readStream(feedOf(bytes, [1000]))).toThrow(refusal(code, got));
  });

  test('has a header that FFmpeg refuses, once nothing of it is there any more', () => {
    const bytes = Buffer.from(files.wav);
    bytes.write('fmx', 12);
    expect(() => readStream(feedOf(bytes, [1000]))).toThrow(
      refusal('ERR_AUDIO_OPEN', 'got "feed": Invalid data found'),
    );
  });

  test('is ADX, whose decoder divides by zero', () => {
    const adx = Buffer.concat([Buffer.from('80000020031204010000ac4400010000', 'hex'), Buffer.alloc(65_536)]);
    expect(() => readStream(feedOf(adx, [1000]))).toThrow(refusal('ERR_AUDIO_OPEN', 'Leave --stream out'));
  });

  test('fails in the middle with the error of what it comes from', () => {
    for (const name of ['wav', 'flac', 'mp3', 'ogg', 'opus']) {
      const feed = feedOf(files[name], [700]);
      const torn = {
        name: 'torn',
        read(target: Uint8Array): number {
          if (feed.fed > files[name].length / 2) throw new Error('the line is dead');
          return feed.read(target);
        },
      };
      expect(() => readStream(torn), name).toThrow('the line is dead');
    }
  });

  test.each([
    [0, 1],
    [1, 4095],
    [1, 1],
  ])('by an Info frame that lies loses no more than that says: %i packets, %i to cut off', (packets, cut) => {
    const bytes = Buffer.from(files.mp3);
    const at = bytes.indexOf('Info');
    bytes.writeUInt32BE(packets, at + 8);
    bytes.writeUIntBE(cut, at + 141, 3);
    const { frames } = readStream(feedOf(bytes, [1000]));
    expect(frames).toBeGreaterThan(60_000 - 4096);
  });
});

/** A page that begins tags, and pages that go on with them for ever. */
function endlessTags(): [begin: Buffer, more: Buffer] {
  const whole = withTags(files.ogg, vorbisTags([['A', 'x'.repeat(200_000)]]));
  const second = whole.indexOf('OggS', 4);
  const third = whole.indexOf('OggS', second + 4);
  const fourth = whole.indexOf('OggS', third + 4);
  return [whole.subarray(0, third), whole.subarray(third, fourth)];
}

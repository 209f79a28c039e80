/** Audio as a stream: forward only, of a length that nobody knows. */
import { readFileSync, writeFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { readAll } from './audio-files.ts';
import { info, withChunks } from './chunks.ts';
import { convertStream, endlessFeed, feedOf, readStream } from './feeds.ts';
import { withPacket } from './ogg.ts';
import { ENCODED, streamedFiles } from './streamed-files.ts';
import { entries, id3, userFrames } from './tags.ts';
import { noise, writeWav } from './wav.ts';

const { at, files } = streamedFiles();
const MIB = 1024 * 1024;
const NAMES = [
  'wav',
  'piped.wav',
  'padded.wav',
  ...ENCODED,
  'aac',
  'chain',
  'tagged.mp3',
  'mid.mp3',
  'mono.mp3',
  'id3.wav',
  'id3.ogg',
  'rf64',
];

/** A stream of a name, in pieces of one length, or of some. */
function streamOf(name: string, ...lengths: number[]) {
  return readStream(feedOf(files[name], lengths.length > 0 ? lengths : [65_536]));
}

/** What both ways say, as far as both can know it. */
function known({ info, ...rest }: ReturnType<typeof readAll>) {
  return { ...rest, info: { ...info, announcedFrames: null } };
}

describe('a stream', () => {
  test.each(NAMES)('is read as the file is, however its bytes come: %s', (name) => {
    const expected = known(readAll(at(name)));
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 1, max: 100_000 }), { minLength: 1, maxLength: 4 }),
        (lengths) => {
          expect(known(streamOf(name, ...lengths))).toEqual(expected);
        },
      ),
      { numRuns: 4, examples: [[[1000, 1]], [[65_536]]] },
    );
  });

  test.each(
    ENCODED.flatMap((name) => [0.3, 0.7, 0.99].map((share) => [name, share] as const)),
  )('that is cut off says what the file says: %s at %f', (name, share) => {
    const bytes = files[name].subarray(0, Math.floor(files[name].length * share));
    writeFileSync(at('cut'), bytes);
    const of = (read: () => ReturnType<typeof readAll>) => {
      try {
        return known(read());
      } catch (error) {
        // Where lossless sound is lost, both ways say after which frame.
        return String(error).replace(/"[^"]*"/, '');
      }
    };
    expect(of(() => readStream(feedOf(bytes, [5000])))).toEqual(of(() => readAll(at('cut'))));
  });

  test.each([
    ['wav', 200_000],
    ['wav', 100_001],
    ['piped.wav', 100_001],
  ] as const)('of plain samples that is cut off says so: %s of %i bytes', (name, length) => {
    const bytes = files[name].subarray(0, length);
    writeFileSync(at('cut'), bytes);
    const { warnings } = readAll(at('cut'));
    expect(warnings).toEqual([expect.stringMatching(/^The file is cut off/)]);
    expect(known(readStream(feedOf(bytes, [777])))).toEqual(known(readAll(at('cut'))));
  });

  test.each(['wav', 'mp3', 'flac', 'ogg', 'opus', 'aac'])('goes out while it comes: %s', (name) => {
    // The one of AAC is short, and may be repeated.
    const bytes = name === 'aac' ? Buffer.concat(Array(20).fill(files.aac)) : files[name];
    const feed = feedOf(bytes, [512]);
    let written = 0;
    const late = {
      name: 'late',
      read(target: Uint8Array): number {
        // FFmpeg's parser of FLAC waits for ten frames, of thirteen that there are.
        if (feed.fed > 0.9 * bytes.length) throw new Error('would have to wait');
        return feed.read(target);
      },
    };
    const count = (piece: Uint8Array) => {
      written += piece.length;
    };
    expect(() => convertStream(late, 'wav', { count })).toThrow('would have to wait');
    expect(written).toBeGreaterThan(10_000);
  });

  test('has pictures of many KiB in front of its sound', () => {
    expect(known(streamOf('large.flac'))).toEqual(known(readAll(at('large.flac'))));
  });

  test('may have tags that are left out, and is whole', () => {
    files['many.mp3'] = Buffer.concat([id3(userFrames(entries(6000))), files.mp3]);
    writeFileSync(at('many.mp3'), files['many.mp3']);
    expect(known(streamOf('many.mp3', 3000))).toEqual(known(readAll(at('many.mp3'))));
  });

  test('of MP3 with another behind it loses nothing of that', () => {
    const { frames } = readAll(at('mp3'));
    const two = readStream(feedOf(Buffer.concat([files.mp3, files.mp3]), [4000]));
    expect(two.frames).toBeGreaterThanOrEqual(2 * frames);
    expect(two.planes[0].subarray(0, frames)).toEqual(readAll(at('mp3')).planes[0]);
  });

  test('of samples with fewer bits than bytes keeps all of them', () => {
    const planes = [
      noise(3000, 20).map((value) => value * 16),
      noise(3000, 20, 2).map((value) => value * 16),
    ];
    writeWav(at('few.wav'), planes, { format: 's24', mask: 3, validBits: 20 });
    const read = readStream(feedOf(readFileSync(at('few.wav')), [1000]));
    expect(read.planes).toEqual(readAll(at('few.wav')).planes);
    expect(read.info.depth).toEqual({ type: 'integer', bits: 24 });
  });

  test('is not read behind sound that tells its length', () => {
    const behind = withChunks(files.wav, [], [info(entries(3))]);
    const feed = feedOf(Buffer.concat([behind, Buffer.alloc(MIB)]), [1000]);
    expect(readStream(feed).planes).toEqual(readAll(at('wav')).planes);
    expect(feed.fed).toBeLessThan(behind.length + 2000);
  });

  test.each([0, 1, 2])('of Ogg with %i broken pages of 64 KiB has what the file has', (broken) => {
    // FFmpeg looks for the next page behind the beginning of one that is not whole.
    const bytes = withPacket(files.ogg, Buffer.alloc(250_000));
    for (let page = 0, begin = 0; page < broken; page++) {
      while (bytes.indexOf('OggS', begin + 4) - begin < 65_000) begin = bytes.indexOf('OggS', begin + 4);
      bytes[begin + 22] ^= 1;
      begin = bytes.indexOf('OggS', begin + 4);
    }
    writeFileSync(at('broken.ogg'), bytes);
    const file = readAll(at('broken.ogg'));
    for (const lengths of [[1000], [65_536]]) {
      const stream = readStream(feedOf(bytes, lengths));
      expect([stream.frames, stream.planes]).toEqual([file.frames, file.planes]);
    }
  });

  test('of Ogg ends behind its last page', () => {
    const feed = endlessFeed(files.ogg, Buffer.alloc(4096));
    const { frames, warnings } = readStream(feed);
    expect([frames, warnings]).toEqual([
      60_000,
      ['What lies behind the sound was left out: it is no sound.'],
    ]);
    expect(feed.fed).toBeLessThan(files.ogg.length + 150_000);
  });
});

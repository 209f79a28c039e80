/** Tables of MP4 that claim more samples than there are: FFmpeg makes memory of each. */
import { readFileSync, truncateSync, writeFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { openDecoder } from '../../src/audio/open-decoder.ts';
import { convert, readAll, scratch } from './audio-files.ts';
import { box, int32, movieOf, pcmDescription, soundTracks } from './mov.ts';
import { refusal } from './refusal.ts';
import { noise, writeWav } from './wav.ts';

const at = scratch();
/** 24 bytes of memory of each would be 1.2 GB. */
const MANY = 50_000_000;
const TOO_MANY = refusal('ERR_AUDIO_UNSUPPORTED', /its tables claim \d+ samples/);

function open(bytes: Buffer): void {
  writeFileSync(at('movie.mov'), bytes);
  const before = process.resourceUsage().maxRSS;
  try {
    openDecoder(at('movie.mov')).close();
  } finally {
    expect(process.resourceUsage().maxRSS - before).toBeLessThan(300_000);
  }
}

/** A file of 4 KB with one track of these tables. */
function tables(stts: number[], stsc: number[], stsz: number[], stco: number[], hidden?: Buffer): Buffer {
  const stbl = box(
    'stbl',
    box('stsd', int32(0, 1), pcmDescription(hidden)),
    box('stts', int32(0, stts.length / 2, ...stts)),
    box('stsc', int32(0, stsc.length / 3, ...stsc)),
    box('stsz', int32(0, ...stsz)),
    box('stco', int32(0, stco.length, ...stco)),
  );
  return movieOf(stbl, Buffer.alloc(4000));
}

function edits(count: number): Buffer {
  const entries = Array.from({ length: count }, () => [200, 0, 0x1_0000]).flat();
  return box('edts', box('elst', int32(0, count, ...entries)));
}

/** Boxes behind the track's header. */
function withBoxes(bytes: Buffer, boxes: Buffer): Buffer {
  const header = bytes.indexOf('tkhd') - 4;
  const behind = header + bytes.readUInt32BE(header);
  const all = Buffer.concat([bytes.subarray(0, behind), boxes, bytes.subarray(behind)]);
  for (const name of ['moov', 'trak']) {
    const holder = all.indexOf(name) - 4;
    all.writeUInt32BE(all.readUInt32BE(holder) + boxes.length, holder);
  }
  return all;
}

describe('a table of samples', () => {
  const run = box('trun', int32(0, MANY));
  const fragment = box('moof', box('mfhd', int32(0, 1)), box('traf', box('tfhd', int32(0x2_0000, 1)), run));
  test.each<[string, () => Buffer]>([
    ['of one size', () => tables([MANY, 1024], [1, MANY, 1], [1, MANY], [36])],
    ['of one size, in a chunk each', () => tables([MANY, 2], [1, 1, 1], [1, MANY], [36])],
    [
      'plain, in chunks of 2 GiB',
      () => tables([MANY, 1], [1, 0x7fff_ffff, 1], [2, MANY], Array(40).fill(36)),
    ],
    [
      'plain, in many stretches of such chunks',
      () => tables([MANY, 1], [1, 0x7fff_ffff, 1, 90, 1, 1], [2, MANY], Array(90).fill(36)),
    ],
    [
      'within the description of another',
      () => tables([1, 1024], [1, 1, 1], [1, 1], [36], box('stsz', int32(0, 1, MANY))),
    ],
    [
      'of a fragment, all alike',
      () => Buffer.concat([withBoxes(soundTracks([noise(100, 16)]), Buffer.alloc(0)), fragment]),
    ],
    ['outside of all boxes', () => Buffer.concat([soundTracks([noise(100, 16)]), run])],
    [
      'in a box that claims more than there is',
      () => {
        const bytes = tables([MANY, 1024], [1, MANY, 1], [1, MANY], [36]);
        bytes.writeUInt32BE(0x7fff_fff0, bytes.indexOf('stsz') - 4);
        return bytes;
      },
    ],
  ])('that claims millions is refused: %s', (_, make) => {
    expect(() => open(make())).toThrow(TOO_MANY);
  });

  test('takes no picture for a table', () => {
    writeWav(at('short.wav'), [noise(1000, 16)]);
    convert(at('short.wav'), at('short.m4a'), 'm4a');
    const picture = Buffer.concat([Buffer.from('a picture'), box('stsz', int32(0, 1, MANY))]);
    const tag = box('covr', box('data', int32(14, 0), picture));
    open(withBoxes(readFileSync(at('short.m4a')), box('udta', box('meta', int32(0), box('ilst', tag)))));
  });

  test('may belong to a file that lacks its end', () => {
    const whole = soundTracks([noise(5000, 16)]);
    const type = whole.readUInt32BE(0);
    const sound = whole.readUInt32BE(type);
    // The header in front, as programs make it that prepare files for the web.
    const movie = whole.subarray(type + sound);
    const moved = Buffer.concat([whole.subarray(0, type), movie, whole.subarray(type, type + sound)]);
    const offset = moved.indexOf('stco') + 12;
    moved.writeUInt32BE(moved.readUInt32BE(offset) + movie.length, offset);
    writeFileSync(at('cut.mov'), moved);
    truncateSync(at('cut.mov'), moved.length - 4000);
    expect(readAll(at('cut.mov')).frames).toBe(3000);
  });
});

describe('a list of edits', () => {
  test('goes through all samples for each, so many are refused', () => {
    writeWav(at('long.wav'), [new Int16Array(8000 * 300)], { rate: 8000 });
    convert(at('long.wav'), at('long.m4a'), 'm4a');
    const bytes = readFileSync(at('long.m4a'));
    expect(() => open(withBoxes(bytes, edits(20_000)))).toThrow(
      refusal('ERR_AUDIO_UNSUPPORTED', 'it has 19996 edits'),
    );
    open(withBoxes(bytes, edits(200)));
  });
});

import { readFileSync } from 'node:fs';
import { FormatContext, Packet } from 'node-av/lib';
import { describe, expect, test } from 'vitest';
import { fitBitRate } from '../../src/audio/plan/bit-rates.ts';
import { TARGETS, type TargetName } from '../../src/audio/plan/targets.ts';
import { convert, scratch } from './audio-files.ts';
import { noise, writeWav } from './wav.ts';

const at = scratch();
const LOSSY = ['mp3', 'm4a', 'opus', 'ogg'] as const satisfies TargetName[];
const WANTED = [1000, 6000, 8000, 20_000, 32_000, 64_000, 100_000, 192_000, 320_000, 700_000, 10_000_000];

/** Noise, the hardest there is to make small. */
function source(rate: number, channels: number, seconds: number): string {
  const planes = Array.from({ length: channels }, (_, channel) =>
    noise(Math.round(rate * seconds), 16, channel + 1).map((sample) => sample >> 1),
  );
  return writeWav(at(`${rate}-${channels}-${seconds}.wav`), planes, { rate });
}

/** Bits per second of the packets alone, without their container. */
function produced(path: string): number {
  const format = new FormatContext();
  const packet = new Packet();
  packet.alloc();
  if (format.openInputSync(path, null, null) < 0) throw new Error(`cannot open ${path}`);
  let bytes = 0;
  let ticks = 0n;
  while (format.readFrameSync(packet) >= 0) {
    bytes += packet.size;
    ticks += packet.duration;
    packet.unref();
  }
  const { num, den } = format.streams[0].timeBase;
  packet.free();
  format.closeInputSync();
  return (bytes * 8 * den) / (Number(ticks) * num);
}

/** Of each frame but the first, which holds no sound: bits per second. */
function mp3FrameBitRates(path: string, rate: number): Set<number> {
  const mp3 = readFileSync(path);
  const mpeg1 = rate >= 32_000;
  const kbits = mpeg1
    ? [0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320]
    : [0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160];
  const found: number[] = [];
  let at = mp3.toString('latin1', 0, 3) === 'ID3' ? 10 + mp3.readUInt32BE(6) : 0;
  while (at + 4 <= mp3.length && mp3[at] === 0xff) {
    const bitrate = kbits[mp3[at + 2] >> 4] * 1000;
    found.push(bitrate);
    at += Math.floor(((mpeg1 ? 144 : 72) * bitrate) / rate) + ((mp3[at + 2] >> 1) & 1);
  }
  return new Set(found.slice(1));
}

describe('what a codec can do', () => {
  test.each(
    LOSSY.flatMap((to) => [1, 2, 3, 6, 8].map((channels) => ({ to, channels }))),
  )('is named for $to of $channels channels, and else its nearest with a note', ({ to, channels }) => {
    const { rates, maxRate, maxChannels } = TARGETS[to];
    if (channels > maxChannels) return;
    for (const sampleRate of rates ?? [1000, 4000, 8000, 22_050, 44_100, 48_000, 64_000, 96_000, maxRate]) {
      const possible = new Set<number>();
      for (const wanted of WANTED) {
        const { bitrate, quality, warning } = fitBitRate(to, { sampleRate, channels }, wanted);
        expect((bitrate === null) !== (quality === null)).toBe(true);
        expect(warning === null).toBe(bitrate === wanted);
        if (bitrate === null) continue;
        possible.add(bitrate);
        // What it gives it also takes, and nothing that was given before is nearer.
        expect(fitBitRate(to, { sampleRate, channels }, bitrate).bitrate).toBe(bitrate);
        for (const other of possible) {
          expect(Math.abs(other - wanted)).toBeGreaterThanOrEqual(Math.abs(bitrate - wanted));
        }
      }
    }
  });

  test.each([
    ['mp3', 44_100, 2, 200_000, 192_000],
    ['mp3', 8000, 1, 128_000, 64_000],
    ['mp3', 22_050, 1, 320_000, 160_000],
    ['mp3', 32_000, 1, 8000, 32_000],
    ['m4a', 8000, 2, 256_000, 96_000],
    ['m4a', 44_100, 1, 320_000, 264_600],
    ['opus', 48_000, 1, 320_000, 256_000],
    ['opus', 48_000, 2, 1_000_000, 510_000],
    ['opus', 48_000, 6, 8000, 24_000],
    ['ogg', 44_100, 1, 16_000, 32_000],
    ['ogg', 44_100, 1, 320_000, 240_001],
    ['ogg', 8000, 2, 128_000, 84_000],
    ['ogg', 48_000, 6, 64_000, 84_000],
    ['ogg', 26_000, 1, 20_000, 20_000],
  ] as const)('%s at %d Hz and %d channels: for %d bit/s it is %d', (to, sampleRate, channels, wanted, bitrate) => {
    expect(fitBitRate(to, { sampleRate, channels }, wanted)).toMatchObject({ bitrate, quality: null });
  });

  test('is said in plain words', () => {
    const { warning } = fitBitRate('mp3', { sampleRate: 8000, channels: 1 }, 128_000);
    expect(warning).toBe('mp3 does not have 128000 bit/s at 8000 Hz and 1 channel: 64000 bit/s were used.');
    const { warning: other } = fitBitRate('ogg', { sampleRate: 96_000, channels: 2 }, 192_000);
    expect(other).toBe('ogg has no bit rates at 96000 Hz and 2 channels: quality 6 stands for 192000 bit/s.');
  });
});

describe('encoders take what the table says', () => {
  test.each([
    8000, 11_025, 12_000, 16_000, 22_050, 24_000, 32_000, 44_100, 48_000,
  ])('mp3 at %d Hz', (rate) => {
    const input = source(rate, 1, 0.15);
    for (const wanted of [1000, 20_000, 100_000, 192_000, 10_000_000]) {
      const { bitrate, warning } = fitBitRate('mp3', { sampleRate: rate, channels: 1 }, wanted);
      const { warnings } = convert(input, at('out.mp3'), 'mp3', { bitrate: wanted });
      expect([...mp3FrameBitRates(at('out.mp3'), rate)]).toEqual([bitrate]);
      expect(warnings).toEqual(warning === null ? [] : [warning]);
    }
  });

  test.each(
    [8000, 22_050, 44_100, 96_000].flatMap((rate) => [1, 2, 6].map((channels) => ({ rate, channels }))),
  )('m4a at $rate Hz and $channels channels', ({ rate, channels }) => {
    const input = source(rate, channels, 12_000 / rate);
    for (const wanted of [1000, 10_000_000]) {
      const { bitrate } = fitBitRate('m4a', { sampleRate: rate, channels }, wanted);
      convert(input, at('out.m4a'), 'm4a', { bitrate: wanted });
      const share = produced(at('out.m4a')) / (bitrate ?? 0);
      // Noise does not fill the highest.
      expect(share).toBeLessThan(1.4);
      expect(share).toBeGreaterThan(0.5);
    }
  });

  test.each([1, 2, 3, 4, 5, 6, 7, 8])('opus of %d channels', (channels) => {
    const input = source(48_000, channels, 0.3);
    for (const wanted of [1000, 10_000_000]) {
      const { bitrate } = fitBitRate('opus', { sampleRate: 48_000, channels }, wanted);
      convert(input, at('out.opus'), 'opus', { bitrate: wanted });
      const share = produced(at('out.opus')) / (bitrate ?? 0);
      expect(share).toBeGreaterThan(0.5);
      expect(share).toBeLessThan(1.3);
    }
  });

  test.each([
    ...[8000, 8999, 9000, 14_999, 15_000, 18_999, 19_000, 25_999, 26_000, 39_999],
    ...[40_000, 44_100, 50_000, 50_001, 70_000],
  ])('ogg at %d Hz', (rate) => {
    for (const channels of [1, 2, 3, 6]) {
      const input = source(rate, channels, 0.01);
      for (const wanted of [1000, 10_000_000]) {
        const { bitrate } = fitBitRate('ogg', { sampleRate: rate, channels }, wanted);
        if (bitrate === null) continue;
        convert(input, at('out.ogg'), 'ogg', { bitrate: wanted });
        // The nominal one in its first header.
        expect(readFileSync(at('out.ogg')).readInt32LE(28 + 20)).toBe(bitrate);
      }
    }
  });

  test.each([
    { rate: 1000, channels: 1 },
    { rate: 4000, channels: 2 },
    { rate: 64_000, channels: 2 },
    { rate: 96_000, channels: 1 },
    { rate: 96_000, channels: 6 },
    { rate: 192_000, channels: 2 },
  ])('ogg at $rate Hz and $channels channels, where qualities stand for them', ({ rate, channels }) => {
    const input = source(rate, channels, 0.1);
    const sizes = [1000, 128_000, 10_000_000].map((bitrate) => {
      convert(input, at('out.ogg'), 'ogg', { bitrate });
      return readFileSync(at('out.ogg')).length;
    });
    expect(sizes).toEqual(sizes.toSorted((a, b) => a - b));
    expect(sizes[2]).toBeGreaterThan(sizes[0] * 1.2);
  });
});

import { existsSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { Block, blockBytes } from '../../src/audio/block.ts';
import { downMix, fade, gain, gainFactor } from '../../src/audio/kernels.ts';
import { defaultLayout, mixMatrix } from '../../src/audio/plan/channels.ts';
import type { BlockFormat, Kernel } from '../../src/audio/transcode.ts';
import { dirtyShard } from '../stand.ts';
import { convert, levelAt, readAll, scratch } from './audio-files.ts';
import { to16, tone, writeWav } from './wav.ts';

const at = scratch();

function blockOf(...planes: number[][]): Block {
  const lease = dirtyShard().acquire(planes.length * planes[0].length * 4);
  const block = new Block(lease, planes.length);
  for (const [channel, plane] of planes.entries()) block.channel(channel).set(plane);
  return block;
}

function planesOf(block: Block, channels = block.channels): number[][] {
  return Array.from({ length: channels }, (_, channel) => Array.from(block.channel(channel)));
}

describe('a block', () => {
  test('lays all channels in one lease, side by side and apart', () => {
    const lease = dirtyShard().acquire(4 * 6 * 100);
    const block = new Block(lease, 6);
    expect(block.capacity).toBe(96);
    for (let channel = 0; channel < 6; channel++) block.channel(channel).fill(channel);
    expect(block.planes.every((plane, channel) => plane.every((sample) => sample === channel))).toBe(true);
    expect(block.planes.every((plane) => plane.buffer === lease.bytes.buffer)).toBe(true);
  });

  test('follows its lease to new memory', () => {
    const lease = dirtyShard().acquire(64);
    const block = new Block(lease, 2);
    expect(block.capacity).toBe(8);
    const { buffer } = lease.bytes;
    lease.resize(8192);
    block.bind(lease);
    expect(lease.bytes.buffer).not.toBe(buffer);
    expect(block.capacity).toBe(1024);
    expect(block.channel(1).buffer).toBe(lease.bytes.buffer);
  });

  test.each([
    [0, 2, 8],
    [7, 1, 4],
    [65_536, 6, 65_520],
    [65_536, 1, 65_536],
  ])('of %i bytes for %i channels takes %i: whole frames, one at least', (bytes, channels, expected) => {
    expect(blockBytes(bytes, channels)).toBe(expected);
  });
});

describe('kernels', () => {
  test('gain multiplies the frames it is told to, and no others', () => {
    const block = blockOf([1, 2, 3, 4], [5, 6, 7, 8]);
    gain(block, 3, 1, 0.5);
    expect(planesOf(block)).toEqual([
      [0.5, 1, 1.5, 4],
      [5, 6, 7, 8],
    ]);
  });

  test('-6.02 dB is one half', () => {
    expect(gainFactor(-6.0206)).toBeCloseTo(0.5, 5);
    expect(gainFactor(0)).toBe(1);
  });

  test('a fade starts at silence and ends at silence, wherever blocks begin', () => {
    const shape = { inFrames: 4, outFrames: 2, totalFrames: 10 };
    const whole = blockOf(Array(10).fill(1));
    fade(whole, 10, 1, shape, 0);
    expect(planesOf(whole)[0]).toEqual([0, 0.25, 0.5, 0.75, 1, 1, 1, 1, 0.5, 0]);
    for (const cut of [1, 3, 4, 7, 8, 9]) {
      const first = blockOf(Array(cut).fill(1));
      const second = blockOf(Array(10 - cut).fill(1));
      fade(first, cut, 1, shape, 0);
      fade(second, 10 - cut, 1, shape, cut);
      expect([...planesOf(first)[0], ...planesOf(second)[0]]).toEqual(planesOf(whole)[0]);
    }
  });

  test('a mix works in place, in every direction', () => {
    const stereo = blockOf([1, 0, 0.5], [0, 1, 0.5]);
    downMix(stereo, 3, mixMatrix(defaultLayout(2), defaultLayout(1)));
    expect(planesOf(stereo, 1)).toEqual([[0.5, 0.5, 0.5]]);

    const mono = blockOf([1, -1, 0.5], [9, 9, 9]);
    downMix(mono, 3, mixMatrix(defaultLayout(1), defaultLayout(2)));
    expect(planesOf(mono)).toEqual([
      [1, -1, 0.5],
      [1, -1, 0.5],
    ]);

    const centre = blockOf([1, -1], [9, 9], [9, 9], [9, 9], [9, 9], [9, 9]);
    downMix(centre, 2, mixMatrix(defaultLayout(1), defaultLayout(6)));
    expect(planesOf(centre).map(([first, second]) => [first + 0, second + 0])).toEqual([
      [0, 0],
      [0, 0],
      [1, -1],
      [0, 0],
      [0, 0],
      [0, 0],
    ]);

    const three = blockOf([1], [0], [0]);
    downMix(three, 1, mixMatrix(defaultLayout(3), defaultLayout(2)));
    expect(planesOf(three, 2)[0][0]).toBeCloseTo(1 / (1 + Math.SQRT1_2), 6);
    expect(planesOf(three, 2)[1][0]).toBe(0);
  });
});

describe('a conversion with kernels', () => {
  test('gain is measured in the output', () => {
    const input = writeWav(at('tone.wav'), [to16(tone(48_000, 48_000, 440, 0.5))], { rate: 48_000 });
    convert(input, at('quiet.flac'), 'flac', { gainDb: -12.0412 });
    expect(levelAt(readAll(at('quiet.flac')).planes[0], 48_000, 440)).toBeCloseTo(0.125, 4);
  });

  test('too much gain clips at full scale and does not wrap', () => {
    const input = writeWav(at('loud.wav'), [[20_000, -20_000, 100]]);
    convert(input, at('loud.flac'), 'flac', { gainDb: 20 });
    expect(Array.from(readAll(at('loud.flac')).planes[0])).toEqual([32_767 / 32_768, -1, 1000 / 32_768]);
  });

  test('fades hold their length at another rate', () => {
    const input = writeWav(at('flat.wav'), [Array(44_100).fill(16_384)]);
    convert(input, at('faded.wav'), 'wav', {
      fadeInSeconds: 0.25,
      fadeOutSeconds: 0.5,
      rate: 22_050,
      bits: 24,
    });
    const [samples] = readAll(at('faded.wav')).planes;
    expect(samples).toHaveLength(22_050);
    expect(samples[0]).toBe(0);
    expect(samples[2756]).toBeCloseTo(0.25, 2);
    expect(samples[8000]).toBeCloseTo(0.5, 2);
    expect(samples[16_537]).toBeCloseTo(0.25, 2);
    expect(samples[22_049]).toBe(0);
  });

  test.each([
    { gainDb: Number.NaN },
    { gainDb: 1000 },
    { fadeInSeconds: -1 },
    { fadeOutSeconds: Number.POSITIVE_INFINITY },
  ])('refuses %o', (job) => {
    const input = writeWav(at('any.wav'), [[1, 2, 3]]);
    expect(() => convert(input, at('any.flac'), 'flac', job)).toThrow(
      expect.objectContaining({ code: 'ERR_INVALID_ARGUMENT' }),
    );
  });
});

describe("a kernel of the caller's own", () => {
  test('gets every frame once, in order, at the rate and channels of the output', () => {
    const input = writeWav(at('own.wav'), [tone(44_100, 44_100, 440, 0.5), tone(44_100, 44_100, 440, 0.5)]);
    const seen: unknown[] = [];
    let next = 0;
    const process = (format: BlockFormat): Kernel => {
      seen.push(format);
      return (block, frames, position) => {
        expect(position).toBe(next);
        next += frames;
        const samples = block.channel(0);
        for (let i = 0; i < frames; i++) samples[i] = -samples[i];
      };
    };
    const job = { rate: 22_050, channels: 1, process };
    const { frames } = convert(input, at('own.flac'), 'flac', job);
    convert(input, at('plain.flac'), 'flac', { rate: 22_050, channels: 1 });
    expect([seen, next]).toEqual([[{ sampleRate: 22_050, channels: 1 }], frames]);
    const plain = readAll(at('plain.flac')).planes[0];
    expect(readAll(at('own.flac')).planes[0]).toEqual(plain.map((sample) => 0 - sample));
  });

  test('that throws leaves no output and no lease', () => {
    const input = writeWav(at('own.wav'), [tone(44_100, 44_100, 440)]);
    const pool = dirtyShard();
    const process = () => () => {
      throw new RangeError('too loud');
    };
    expect(() => convert(input, at('none.flac'), 'flac', { pool, process })).toThrow(RangeError);
    expect(pool.lent).toBe(0);
    expect(existsSync(at('none.flac'))).toBe(false);
  });
});

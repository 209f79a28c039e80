import { describe, expect, test } from 'vitest';
import { defaultLayout, mixMatrix } from '../../src/audio/plan/channels.ts';
import { TARGETS, type TargetName } from '../../src/audio/plan/targets.ts';
import { convert, levelAt, readAll, scratch } from './audio-files.ts';
import { to16, tone, writeWav } from './wav.ts';

const at = scratch();
const NAMES = Object.keys(TARGETS) as TargetName[];
const RATE = 48_000;
const HERTZ = [200, 400, 600, 60, 1000, 1200, 1400, 1600];

const TONES = HERTZ.map((hertz) => to16(tone(RATE / 2, RATE, hertz, 0.5)));

function surround(channels: number): number[][] {
  return TONES.slice(0, channels);
}

/** For each source channel, the channels of the usual layout where it should be heard. */
const ODD_LAYOUTS = [
  { name: '4.0', mask: 0x107, count: 4, usual: 'quad', heard: [[0], [1], [0, 1], [2, 3]] },
  { name: '3.1', mask: 0xf, count: 4, usual: 'quad', heard: [[0], [1], [0, 1], []] },
  { name: '2.1', mask: 0xb, count: 3, usual: '3.0', heard: [[0], [1], []] },
  { name: '6.0', mask: 0x707, count: 6, usual: '5.1', heard: [[0], [1], [2], [4, 5], [4], [5]] },
  { name: '7.1(wide)', mask: 0xff, count: 8, usual: '7.1', heard: [[0], [1], [2], [3], [4], [5], [0], [1]] },
];

const counts = [1, 2, 3, 4, 5, 6, 7, 8].flatMap((channels) => NAMES.map((to) => ({ channels, to })));

describe('channels', () => {
  test.each(
    counts,
  )('$channels channels without a layout to $to keep their order, or are mixed with a warning', ({
    channels,
    to,
  }) => {
    const input = writeWav(at('in.wav'), surround(channels), { rate: RATE });
    const kept = Math.min(channels, TARGETS[to].maxChannels);
    const result = convert(input, at(`out.${to}`), to);
    expect(result).toMatchObject({ channels: kept, frames: RATE / 2 });
    expect(result.warnings).toHaveLength(kept < channels ? 1 : 0);
    const { planes } = readAll(at(`out.${to}`));
    expect(planes).toHaveLength(kept);
    if (kept < channels) return;
    // AAC puts the back centre of 6.1 last.
    const order = to === 'm4a' && channels === 7 ? [0, 1, 2, 3, 5, 6, 4] : [0, 1, 2, 3, 4, 5, 6, 7];
    for (const [channel, plane] of planes.entries()) {
      expect(levelAt(plane.slice(4000, 20_000), RATE, HERTZ[order[channel]])).toBeGreaterThan(0.4);
    }
  });

  test.each(['wav', 'flac', 'opus', 'ogg', 'm4a'] as const)('5.1 with side speakers goes to %s', (to) => {
    const input = writeWav(at('side.wav'), surround(6), { rate: RATE, mask: 0x60f });
    expect(convert(input, at(`side.${to}`), to)).toMatchObject({ channels: 6, warnings: [] });
    const { planes } = readAll(at(`side.${to}`));
    for (const [channel, plane] of planes.entries()) {
      expect(levelAt(plane.slice(4000, 20_000), RATE, HERTZ[channel])).toBeGreaterThan(0.4);
    }
  });

  test.each(
    (['opus', 'ogg'] as const).flatMap((to) => ODD_LAYOUTS.map((layout) => ({ ...layout, to }))),
  )('of $name are mixed into $usual where $to has no such layout, and it is told', ({
    mask,
    count,
    name,
    usual,
    to,
    heard,
  }) => {
    const input = writeWav(at('odd.wav'), surround(count), { rate: RATE, mask });
    const { warnings, channels } = convert(input, at(`odd.${to}`), to);
    expect([channels, ...warnings]).toEqual([
      count,
      `${to} has no layout ${name}: its channels were mixed into ${usual}.`,
    ]);
    const planes = readAll(at(`odd.${to}`)).planes.map((plane) => plane.slice(4000, 20_000));
    for (const [source, targets] of heard.entries()) {
      const audible = planes.flatMap((plane, target) =>
        levelAt(plane, RATE, HERTZ[source]) > 0.05 ? [target] : [],
      );
      expect([source, audible]).toEqual([source, targets]);
    }
  });

  test.each(['wav', 'flac', 'm4a'] as const)('of odd layouts stay where they are in %s', (to) => {
    for (const { mask, count } of ODD_LAYOUTS) {
      const input = writeWav(at('odd.wav'), surround(count), { rate: RATE, mask });
      expect(convert(input, at(`odd.${to}`), to)).toMatchObject({ channels: count, warnings: [] });
    }
  });

  test('more than 8 channels are refused by name', () => {
    const input = writeWav(
      at('nine.wav'),
      Array.from({ length: 9 }, () => [1, 2, 3]),
    );
    expect(() => convert(input, at('nine.flac'), 'flac')).toThrow(
      expect.objectContaining({
        code: 'ERR_AUDIO_UNSUPPORTED',
        message: expect.stringContaining('8 channels, got 9'),
      }),
    );
  });

  test.each(NAMES)('mono becomes stereo, equal on both sides, on request: %s', (to) => {
    const input = writeWav(at('mono.wav'), surround(1), { rate: RATE });
    expect(convert(input, at(`mono.${to}`), to, { channels: 2 })).toMatchObject({
      channels: 2,
      warnings: [],
    });
    const [left, right] = readAll(at(`mono.${to}`)).planes;
    expect(levelAt(left.slice(4000, 20_000), RATE, 200)).toBeCloseTo(0.5, 1);
    expect(levelAt(right.slice(4000, 20_000), RATE, 200)).toBeCloseTo(0.5, 1);
  });

  test.each([
    0x1, 0x2, 0x4, 0x8, 0x10, 0x400, 0x800, 0x2000_0000,
  ])('one channel at speaker %i is front centre', (mask) => {
    const input = writeWav(at('lone.wav'), surround(1), { rate: RATE, mask });
    for (const [to, channels] of [
      ['wav', 2],
      ['mp3', 2],
      ['opus', 1],
      ['m4a', 1],
      ['wav', 6],
    ] as const) {
      expect(convert(input, at(`lone-out.${to}`), to, { channels }).warnings).toEqual([]);
      const heard = readAll(at(`lone-out.${to}`)).planes.map((plane) =>
        levelAt(plane.slice(4000, 20_000), RATE, 200),
      );
      const speakers = channels === 6 ? [2] : [0, 1].slice(0, channels);
      for (const speaker of speakers) expect(heard[speaker]).toBeCloseTo(0.5, 1);
    }
  });

  test.each([
    0x6000_0000, 0x5000, 0xc0, 0x30, 0x600, 0x2_8000, 0x9, 0x808,
  ])('two channels at speakers %i are heard in mono', (mask) => {
    const input = writeWav(at('two.wav'), surround(2), { rate: RATE, mask });
    convert(input, at('two-mono.wav'), 'wav', { channels: 1 });
    const [plane] = readAll(at('two-mono.wav')).planes.map((samples) => samples.slice(0, 12_000));
    const subwoofer = { 9: 1, 2056: 0 }[mask];
    for (const channel of [0, 1]) {
      if (channel !== subwoofer) expect(levelAt(plane, RATE, HERTZ[channel])).toBeGreaterThan(0.2);
    }
  });

  test('two subwoofers alone are taken for left and right', () => {
    const pair = { nbChannels: 2, order: 1, mask: 0x8_0000_0008n };
    expect(mixMatrix(pair, defaultLayout(1)).map((row) => Array.from(row))).toEqual([[0.5, 0.5]]);
  });

  test('5.1 to stereo keeps left left, right right and the centre in both', () => {
    const input = writeWav(at('five.wav'), surround(6), { rate: RATE });
    convert(input, at('stereo.wav'), 'wav', { channels: 2 });
    const [left, right] = readAll(at('stereo.wav')).planes.map((plane) => plane.slice(0, 12_000));
    const scale = 1 / (1 + 2 * Math.SQRT1_2);
    expect(levelAt(left, RATE, 200)).toBeCloseTo(0.5 * scale, 3);
    expect(levelAt(right, RATE, 200)).toBeLessThan(0.001);
    expect(levelAt(right, RATE, 400)).toBeCloseTo(0.5 * scale, 3);
    for (const side of [left, right])
      expect(levelAt(side, RATE, 600)).toBeCloseTo(0.5 * scale * Math.SQRT1_2, 3);
    expect(levelAt(left, RATE, 1000)).toBeCloseTo(0.5 * scale * Math.SQRT1_2, 3);
    expect(levelAt(right, RATE, 1200)).toBeCloseTo(0.5 * scale * Math.SQRT1_2, 3);
  });
});

describe('a mixing matrix', () => {
  const all = [1, 2, 3, 4, 5, 6, 7, 8];

  test.each(
    all.flatMap((from) => all.map((to) => [from, to])),
  )('from %i to %i channels cannot clip and loses no speaker but the subwoofer', (from, to) => {
    const source = defaultLayout(from);
    const matrix = mixMatrix(source, defaultLayout(to));
    expect(matrix).toHaveLength(to);
    for (const row of matrix)
      expect(row.reduce((sum, weight) => sum + weight, 0)).toBeLessThanOrEqual(1 + 1e-6);
    const heard = Array.from({ length: from }, (_, column) => matrix.some((row) => row[column] > 0));
    const subwoofer = source.mask & 0x8n ? 3 : -1;
    for (const [column, is] of heard.entries()) if (column !== subwoofer) expect(is).toBe(true);
  });

  test('of equal layouts is the identity, and stereo folds to its mean', () => {
    expect(mixMatrix(defaultLayout(2), defaultLayout(2)).map((row) => Array.from(row))).toEqual([
      [1, 0],
      [0, 1],
    ]);
    expect(Array.from(mixMatrix(defaultLayout(2), defaultLayout(1))[0])).toEqual([0.5, 0.5]);
  });
});

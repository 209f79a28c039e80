import { beforeAll, describe, expect, test } from 'vitest';
import { TARGETS, type TargetName } from '../../src/audio/plan/targets.ts';
import { convert, frequencyOf, levelAt, readAll, scratch } from './audio-files.ts';
import { noise, to16, tone, writeWav } from './wav.ts';

const at = scratch();
const NAMES = Object.keys(TARGETS) as TargetName[];
const RATE = 48_000;
const FRAMES = 30_011;

/** The frames Opus decodes to: always at 48 kHz. */
function decodedFrames(to: TargetName, frames: number, rate: number): number {
  return to === 'opus' ? Math.round((frames * 48_000) / rate) : frames;
}

/** Without the ends, where a codec starts up. */
function middle(samples: ArrayLike<number>): number[] {
  const all = Array.from(samples);
  return all.slice(all.length / 4, (3 * all.length) / 4);
}

describe('every pair of formats', () => {
  beforeAll(() => {
    const planes = [tone(FRAMES, RATE, 440, 0.5), tone(FRAMES, RATE, 1000, 0.25)].map(to16);
    writeWav(at('tone.wav'), planes, { rate: RATE });
    for (const from of NAMES) convert(at('tone.wav'), at(`from.${from}`), from);
  });

  test.each(
    NAMES.flatMap((from) => NAMES.map((to) => ({ from, to }))),
  )('$from to $to keeps frames, level and frequency', ({ from, to }) => {
    const output = at(`${from}-to.${to}`);
    const result = convert(at(`from.${from}`), output, to);
    expect(result).toMatchObject({ frames: FRAMES, sampleRate: RATE, channels: 2, warnings: [] });
    expect(result.seconds).toBeCloseTo(FRAMES / RATE, 9);
    const { planes, frames, info } = readAll(output);
    expect(frames).toBe(FRAMES);
    expect(info.sampleRate).toBe(RATE);
    for (const [channel, hertz, level] of [
      [0, 440, 0.5],
      [1, 1000, 0.25],
    ]) {
      const part = middle(planes[channel]);
      expect(frequencyOf(part, RATE)).toBeCloseTo(hertz, 0);
      expect(Math.abs(20 * Math.log10(levelAt(part, RATE, hertz) / level))).toBeLessThan(1);
    }
  });
});

/** 6920 is one of the 4 % that make LAME pad more than a whole packet. */
const LENGTHS = [47, 576, 1000, 1152, 4097, 6920, 12_345];

describe('frame counts', () => {
  test.each(
    NAMES.flatMap((to) => [8000, 44_100].flatMap((rate) => LENGTHS.map((frames) => ({ to, rate, frames })))),
  )('$frames frames at $rate Hz in $to stay as many', ({ to, rate, frames }) => {
    const input = writeWav(at('length.wav'), [to16(tone(frames, rate, 440, 0.5))], { rate });
    const result = convert(input, at(`length.${to}`), to);
    const kept = to === 'opus' && rate === 44_100 ? 48_000 : rate;
    expect(result.sampleRate).toBe(kept);
    expect(result.frames).toBe(Math.round((frames * kept) / rate));
    expect(readAll(at(`length.${to}`)).frames).toBe(decodedFrames(to, result.frames, kept));
  });

  test('one frame is kept by all', () => {
    const input = writeWav(at('one.wav'), [[1000]], { rate: 48_000 });
    for (const to of NAMES) {
      expect(convert(input, at(`one.${to}`), to).frames).toBe(1);
      expect(readAll(at(`one.${to}`)).frames).toBe(1);
    }
  });

  test.each(NAMES)('no frames at all give an empty file or a refusal: %s', (to) => {
    const input = writeWav(at('none.wav'), [[]]);
    if (to === 'wav' || to === 'flac') {
      expect(convert(input, at(`none.${to}`), to).frames).toBe(0);
      expect(readAll(at(`none.${to}`))).toMatchObject({
        frames: 0,
        info: { sampleRate: 44_100, channels: 1 },
      });
    } else {
      expect(() => convert(input, at(`none.${to}`), to)).toThrow(
        expect.objectContaining({
          code: 'ERR_AUDIO_UNSUPPORTED',
          message: expect.stringContaining('An empty audio file'),
        }),
      );
    }
  });
});

describe('rates', () => {
  test.each([
    [44_100, 48_000],
    [48_000, 44_100],
    [8000, 48_000],
    [96_000, 22_050],
    [11_025, 11_000],
  ])('%i Hz to %i Hz keeps the duration, the level and the frequency', (from, to) => {
    const input = writeWav(at('rate.wav'), [to16(tone(from, from, 440, 0.5))], { rate: from });
    const result = convert(input, at('rate-out.wav'), 'wav', { rate: to });
    expect(result).toMatchObject({ frames: to, sampleRate: to, warnings: [] });
    const part = middle(readAll(at('rate-out.wav')).planes[0]);
    expect(frequencyOf(part, to)).toBeCloseTo(440, 1);
    expect(levelAt(part, to, 440)).toBeCloseTo(0.5, 3);
  });

  test.each([
    { to: 'opus', rate: 44_100, kept: 48_000 },
    { to: 'opus', rate: 11_025, kept: 12_000 },
    { to: 'mp3', rate: 96_000, kept: 48_000 },
    { to: 'm4a', rate: 37_800, kept: 44_100 },
  ] as const)('$to does not have $rate Hz: $kept Hz and a warning', ({ to, rate, kept }) => {
    const input = writeWav(at('odd.wav'), [to16(tone(rate, rate, 440, 0.5))], { rate });
    const result = convert(input, at(`odd.${to}`), to);
    expect(result).toMatchObject({ sampleRate: kept, frames: kept });
    expect(result.warnings).toEqual([`${to} does not have ${rate} Hz: resampled to ${kept} Hz.`]);
  });
});

describe('rates that no audio file has', () => {
  const unsupported = (text: string) =>
    expect.objectContaining({ code: 'ERR_AUDIO_UNSUPPORTED', message: expect.stringContaining(text) });

  test.each(NAMES)('above 1536000 Hz are refused by name: %s', (to) => {
    const input = writeWav(at('fast.wav'), [[1, 2, 3]], { rate: 2_000_000_000 });
    const refused = unsupported(`at most 1536000 Hz, got 2000000000 in ${JSON.stringify(input)}`);
    expect(() => convert(input, at(`fast.${to}`), to)).toThrow(refused);
    writeWav(input, [[1, 2, 3]], { rate: 1_536_001 });
    expect(() => convert(input, at(`fast.${to}`), to)).toThrow(unsupported('got 1536001'));
    writeWav(input, [[1, 2, 3]], { rate: 1_536_000 });
    if (to === 'wav') expect(convert(input, at('fast-out.wav'), to).sampleRate).toBe(1_000_000);
  });

  test.each(NAMES)('below 1000 Hz are for lossless targets only: %s', (to) => {
    for (const rate of [1, 999]) {
      const input = writeWav(at('slow.wav'), [noise(730, 16)], { rate });
      if (to === 'wav' || to === 'flac') {
        expect(convert(input, at(`slow-out.${to}`), to)).toMatchObject({ frames: 730, sampleRate: rate });
        expect(readAll(at(`slow-out.${to}`)).planes).toEqual(readAll(input).planes);
      } else {
        const refused = unsupported(`got ${rate} Hz in ${JSON.stringify(input)} for ${to}`);
        expect(() => convert(input, at(`slow-out.${to}`), to)).toThrow(refused);
        expect(() => convert(input, at(`slow-out.${to}`), to, { rate: 8000 })).toThrow(refused);
      }
    }
    const input = writeWav(at('slow.wav'), [noise(730, 16)], { rate: 1000 });
    expect(convert(input, at(`slow-out.${to}`), to).seconds).toBeCloseTo(0.73, 2);
  });
});

describe('bit rates', () => {
  test.each(['mp3', 'opus', 'ogg', 'm4a'] as const)('a higher bit rate makes a larger %s', (to) => {
    const input = at('tone.wav');
    const low = convert(input, at(`low.${to}`), to, { bitrate: 64_000 }).bytesWritten;
    const high = convert(input, at(`high.${to}`), to, { bitrate: 192_000 }).bytesWritten;
    expect(high).toBeGreaterThan(low * 1.2);
  });

  test('what does not apply is said, not ignored in silence', () => {
    const input = at('tone.wav');
    expect(convert(input, at('w.flac'), 'flac', { bitrate: 64_000 }).warnings).toHaveLength(1);
    expect(convert(input, at('w.mp3'), 'mp3', { bits: 24 }).warnings).toHaveLength(1);
  });
});

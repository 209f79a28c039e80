import { describe, expect, test } from 'vitest';
import { convert, pianoNotes, readAll, scratch } from './audio-files.ts';
import { noise, type WavFormat, writeWav } from './wav.ts';

const at = scratch();

const BITS: Record<string, number> = { u8: 8, s16: 16, s24: 24, s32: 32 };

function integers(format: WavFormat, channels: number, frames: number): number[][] {
  return Array.from({ length: channels }, (_, channel) => {
    const values = noise(frames, BITS[format], channel + 1);
    return format === 'u8' ? values.map((value) => value + 128) : values;
  });
}

/** What 32-bit samples these whole numbers are. */
function as32(planes: number[][], format: WavFormat): number[][] {
  const shift = 2 ** (32 - BITS[format]);
  return planes.map((plane) => plane.map((value) => (format === 'u8' ? value - 128 : value) * shift));
}

const CLIPPED = 'Samples over full scale were clipped; --gain makes room for them.';
const INVALID = 'Samples that are not numbers became silence.';
const DEEP_FLAC = 'FLAC of 32 bits is read by few players yet; 24 bits (--bits 24) are read by all.';

const integerCases = (['u8', 's16', 's24', 's32'] as const).flatMap((format) =>
  (['wav', 'flac'] as const).flatMap((to) => [1, 2, 6].map((channels) => ({ format, to, channels }))),
);

describe('lossless targets', () => {
  test.each(integerCases)('$format with $channels channels to $to decodes to the same samples', ({
    format,
    to,
    channels,
  }) => {
    const planes = integers(format, channels, 10_007);
    const input = writeWav(at(`in-${format}-${channels}.wav`), planes, { format, rate: 48_000 });
    const output = at(`out-${format}-${channels}.${to}`);
    const result = convert(input, output, to);
    const bits = BITS[format] === 8 && to === 'flac' ? 16 : BITS[format];
    const warnings = to === 'flac' && bits === 32 ? [DEEP_FLAC] : [];
    expect(result).toMatchObject({ frames: 10_007, sampleRate: 48_000, channels, bits, warnings });
    const decoded = readAll(output, 's32');
    expect(decoded.info.depth).toEqual({ type: 'integer', bits });
    expect(decoded.planes.map((plane) => Array.from(plane))).toEqual(as32(planes, format));
  });

  test('floats stay floats in wav, bit for bit, also beyond full scale', () => {
    const plane = Float32Array.from(noise(5000, 24), (value) => value / 2 ** 21);
    const input = writeWav(at('float.wav'), [plane, plane], { format: 'f32' });
    const result = convert(input, at('float-out.wav'), 'wav');
    expect(result).toMatchObject({ bits: null, warnings: [] });
    const decoded = readAll(at('float-out.wav'));
    expect(decoded.info.codec).toBe('pcm_f32le');
    expect(decoded.planes).toEqual([plane, plane]);
  });

  test('floats become 24-bit flac, within one step of 24 bits', () => {
    const plane = Float32Array.from(noise(5000, 30), (value) => value / 2 ** 29);
    const input = writeWav(at('float24.wav'), [plane], { format: 'f32' });
    expect(convert(input, at('float24.flac'), 'flac')).toMatchObject({
      bits: 24,
      warnings: ['Samples of 32-bit floats became 24-bit integers.'],
    });
    const decoded = readAll(at('float24.flac')).planes[0];
    for (let i = 2; i < plane.length; i++)
      expect(Math.abs(decoded[i] - plane[i])).toBeLessThanOrEqual(2 ** -23);
  });

  test('64-bit floats are rounded to 32 bits, with a warning', () => {
    const plane = Float64Array.from(noise(100, 30), (value) => value / 2 ** 30);
    const input = writeWav(at('double.wav'), [plane], { format: 'f64' });
    expect(convert(input, at('double-out.wav'), 'wav').warnings).toEqual([
      '64-bit floats were rounded to 32 bits.',
    ]);
    expect(readAll(at('double-out.wav')).planes[0]).toEqual(Float32Array.from(plane));
  });

  test('64-bit integers are rounded to 32 bits, with a warning', () => {
    const plane = noise(1000, 32);
    const input = writeWav(at('long.wav'), [plane.map((value) => value * 2 ** 32)], { format: 's64' });
    for (const [to, more] of [
      ['wav', []],
      ['flac', [DEEP_FLAC]],
    ] as const) {
      const { bits, warnings } = convert(input, at(`long-out.${to}`), to);
      expect([bits, ...warnings]).toEqual([32, 'Samples of 64 bits were rounded to 32.', ...more]);
      expect(Array.from(readAll(at(`long-out.${to}`), 's32').planes[0])).toEqual(plane);
    }
    expect(convert(input, at('long-out.wav'), 'wav', { gainDb: -6 }).warnings).toEqual([
      'Samples of 64 bits were processed as floats and keep 24 of them.',
    ]);
  });

  test.each([
    { format: 's24', bits: 16, warned: true },
    { format: 's16', bits: 24, warned: false },
    { format: 's32', bits: 24, warned: true },
    { format: 's16', bits: 32, warned: false },
  ] as const)('$format at --bits $bits rounds only when it must, and says so', ({ format, bits, warned }) => {
    const planes = integers(format, 1, 3000);
    const input = writeWav(at(`bits-${format}.wav`), planes, { format });
    for (const to of ['wav', 'flac'] as const) {
      const result = convert(input, at(`bits-out.${to}`), to, { bits });
      expect(result.bits).toBe(bits);
      expect(result.warnings.length > 0).toBe(warned);
      const step = 2 ** (32 - Math.min(bits, BITS[format]));
      const decoded = readAll(at(`bits-out.${to}`), 's32').planes[0];
      const source = as32(planes, format)[0];
      for (let i = 0; i < source.length; i++)
        expect(Math.abs(decoded[i] - source[i])).toBeLessThanOrEqual(warned ? step : 0);
    }
  });

  test.each([
    'flac',
    'wav',
    'mp3',
  ] as const)('samples past full scale and no numbers are told of, to %s', (to) => {
    const loud = Float32Array.from(noise(5000, 24), (value) => value / 2 ** 21);
    const warned = [CLIPPED, INVALID].map((text) => (plane: Float32Array) => {
      const input = writeWav(at('scale.wav'), [plane], { format: 'f32' });
      return convert(input, at(`scale.${to}`), to).warnings.includes(text);
    });
    const [clipped, invalid] = warned;
    expect([clipped(loud), invalid(loud)]).toEqual([to === 'flac', false]);
    const quiet = loud.map((sample) => sample / 16);
    quiet[1000] = Number.NaN;
    expect([clipped(quiet), invalid(quiet)]).toEqual([false, true]);
    if (to === 'wav') expect(readAll(at('scale.wav')).planes[0][999]).toBe(quiet[999]);
  });

  test('a gain past full scale is told of', () => {
    const input = writeWav(at('gain.wav'), [noise(1000, 16)]);
    expect(convert(input, at('gain.flac'), 'flac', { gainDb: 20 }).warnings).toEqual([CLIPPED]);
    expect(convert(input, at('gain.flac'), 'flac', { gainDb: -1 }).warnings).toEqual([]);
  });

  test('a 32-bit source that a kernel changes keeps 24 bits, and says so', () => {
    const input = writeWav(at('deep.wav'), integers('s32', 1, 1000), { format: 's32' });
    const { warnings } = convert(input, at('deep.flac'), 'flac', { gainDb: -6 });
    expect(warnings).toEqual(['Samples of 32 bits were processed as floats and keep 24 of them.', DEEP_FLAC]);
  });

  test.each(pianoNotes().slice(0, 12))('%s comes out of flac and of wav as it was decoded', (note) => {
    const source = readAll(note);
    expect(source.frames).toBeGreaterThan(1000);
    expect(convert(note, at('note.wav'), 'wav').frames).toBe(source.frames);
    expect(readAll(at('note.wav')).planes).toEqual(source.planes);
    // Quantized once, FLAC to FLAC and FLAC to WAV change nothing any more.
    convert(note, at('note.flac'), 'flac');
    convert(at('note.flac'), at('again.flac'), 'flac');
    convert(at('again.flac'), at('again.wav'), 'wav');
    expect(readAll(at('again.wav')).planes).toEqual(readAll(at('note.flac')).planes);
  });
});

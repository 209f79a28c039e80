import { describe, expect, test } from 'vitest';
import { analyzed, decibels, steps, stereo } from './analysis.ts';

describe('levels', () => {
  test('of a sine, of a square wave and of silence', () => {
    const sine = analyzed(stereo(steps([[-6, 1]]))).levels;
    expect(sine.peakDb).toBeCloseTo(-6, 3);
    expect(sine.rmsDb).toBeCloseTo(-6 - 3.0103, 3);
    expect(sine.dcOffset).toBeCloseTo(0, 6);
    const square = new Float32Array(48_000).map((_, i) => (i % 100 < 50 ? 0.5 : -0.5));
    expect(analyzed(stereo(square)).levels.rmsDb).toBeCloseTo(-6.0206, 3);
    const silent = analyzed(stereo(new Float32Array(4800))).levels;
    expect(silent).toEqual({ truePeakDb: null, peakDb: null, rmsDb: null, dcOffset: 0, clippedSamples: 0 });
  });

  test('are told for each channel', () => {
    const [left, right] = [steps([[-6, 1]]), new Float32Array(48_000).fill(-0.25)];
    const { channelLevels, levels } = analyzed({ sampleRate: 48_000, planes: [left, right] });
    expect(channelLevels[0].peakDb).toBeCloseTo(-6, 3);
    expect(channelLevels[1].dcOffset).toBe(-0.25);
    expect(levels.dcOffset).toBe(-0.25);
    const mean = (0.5 * decibels(-6) ** 2 + 0.25 ** 2) / 2;
    expect(levels.rmsDb).toBeCloseTo(10 * Math.log10(mean), 3);
  });

  test.each([
    [{ type: 'integer', bits: 16 }, 32767 / 32768, 3],
    [{ type: 'integer', bits: 16 }, 32766 / 32768, 1],
    [{ type: 'float', bits: 32 }, 1, 3],
    [{ type: 'float', bits: 32 }, 0.99999, 1],
  ] as const)('of %o count %f as clipped where it is full scale', (depth, value, clipped) => {
    const plane = new Float32Array(100);
    plane.set([value, -1, value], 10);
    expect(analyzed({ sampleRate: 48_000, planes: [plane] }, { depth }).levels.clippedSamples).toBe(clipped);
  });

  test('take what is no finite number for silence', () => {
    const plane = steps([[-6, 1]]);
    const clean = analyzed(stereo(plane.map((sample, i) => (i % 1000 === 7 ? 0 : sample))));
    const dirty = plane.map((sample, i) =>
      i % 1000 === 7 ? [Number.NaN, Infinity, -Infinity][i % 3] : sample,
    );
    expect(analyzed(stereo(dirty))).toEqual(clean);
  });

  test('say how long it is silent at both ends', () => {
    const plane = new Float32Array(48_000);
    plane.fill(0.0009, 0, 10_000);
    plane.fill(-0.0011, 12_345, 30_001);
    const later = new Float32Array(48_000);
    later[40_000] = 1;
    expect(analyzed(stereo(plane)).silence).toEqual({
      startSeconds: 12_345 / 48_000,
      endSeconds: 17_999 / 48_000,
    });
    expect(analyzed({ sampleRate: 48_000, planes: [plane, later] }).silence.endSeconds).toBe(7999 / 48_000);
    expect(analyzed(stereo(plane), { silenceDb: -80 }).silence.startSeconds).toBe(0);
    expect(analyzed(stereo(plane), { silenceDb: 0 }).silence).toEqual({ startSeconds: 1, endSeconds: 0 });
  });
});

describe('a waveform', () => {
  test('has least, greatest and power of each point, over all channels', () => {
    const left = new Float32Array(250).map((_, i) => i / 1000);
    const right = left.map((sample) => -sample / 2);
    const { waveform } = analyzed(
      { sampleRate: 1000, planes: [left, right] },
      { waveform: { pointsPerSecond: 10 }, blockFrames: () => 30 },
    );
    expect(waveform?.framesPerPoint).toBe(100);
    expect([...(waveform?.max ?? [])]).toEqual([0.099, 0.199, 0.249].map(Math.fround));
    expect([...(waveform?.min ?? [])]).toEqual([-0.0495, -0.0995, -0.1245].map(Math.fround));
    const squares = Array.from({ length: 50 }, (_, i) => ((200 + i) / 1000) ** 2 * 1.25);
    const power = squares.reduce((sum, square) => sum + square, 0) / 100;
    expect(waveform?.rms[2]).toBeCloseTo(Math.sqrt(power), 6);
  });

  test('of more points than it may have is coarser, and otherwise the same', () => {
    const plane = steps([[-6, 1]], { hz: 7, rate: 8000 });
    const fine = analyzed({ sampleRate: 8000, planes: [plane] }, { waveform: { pointsPerSecond: 500 } });
    const bounded = analyzed(
      { sampleRate: 8000, planes: [plane] },
      { waveform: { pointsPerSecond: 8000, mostPoints: 500 }, blockFrames: () => 333 },
    );
    expect(bounded.waveform?.framesPerPoint).toBe(16);
    expect(bounded.waveform?.max).toEqual(fine.waveform?.max);
    expect(bounded.waveform?.min).toEqual(fine.waveform?.min);
    for (const [at, rms] of (fine.waveform?.rms ?? []).entries()) {
      expect(bounded.waveform?.rms[at]).toBeCloseTo(rms, 6);
    }
  });
});

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Size, Speeds } from '../../../src/service/admission/speeds.ts';

const MP3 = { from: 'wav', to: 'mp3', processed: false };

function ofSeconds(seconds: number, kind = MP3): Size {
  return { kind, seconds, bytes: Math.round(seconds * 176_400) };
}

describe('speeds', () => {
  it('begin with what the codecs are known to take', () => {
    const { medianMs, safeMs, leastMs } = new Speeds().estimate(ofSeconds(75));
    expect(medianMs).toBeGreaterThan(1000);
    expect(medianMs).toBeLessThan(1050);
    expect(safeMs / medianMs).toBeCloseTo(2, 5);
    expect(medianMs / leastMs).toBeCloseTo(2, 5);
  });

  it('follow what work took, its fixed part and what each second adds', () => {
    const speeds = new Speeds();
    for (let i = 0; i < 200; i++) {
      const seconds = i % 2 === 0 ? 1 : 200;
      speeds.learn(ofSeconds(seconds), 30 + 20 * seconds);
    }
    for (const seconds of [1, 10, 100, 400]) {
      const { medianMs, safeMs } = speeds.estimate(ofSeconds(seconds));
      expect(medianMs / (30 + 20 * seconds)).toBeGreaterThan(0.85);
      expect(medianMs / (30 + 20 * seconds)).toBeLessThan(1.15);
      expect(safeMs / medianMs).toBeLessThan(1.2);
    }
  });

  it('tell a kind that is new by how much slower others were than guessed', () => {
    const speeds = new Speeds();
    const flac = ofSeconds(100, { from: 'flac', to: 'opus', processed: true });
    const before = speeds.estimate(flac).medianMs;
    for (let i = 0; i < 100; i++) speeds.learn(ofSeconds(100), 3 * 1361);
    const slower = speeds.estimate(flac).medianMs / before;
    expect(slower).toBeGreaterThan(2.5);
    expect(slower).toBeLessThan(3.5);
  });

  it('are hardly moved by one measurement that is far off', () => {
    const speeds = new Speeds();
    for (let i = 0; i < 50; i++) speeds.learn(ofSeconds(10), 200);
    const before = speeds.estimate(ofSeconds(10)).medianMs;
    speeds.learn(ofSeconds(10), 1e9);
    expect(speeds.estimate(ofSeconds(10)).medianMs / before).toBeLessThan(1.25);
  });

  it('know less of a length in bytes, and least of none', () => {
    const speeds = new Speeds();
    const spread = (size: Size) => speeds.estimate(size).safeMs / speeds.estimate(size).medianMs;
    const [exact, bytes, none] = [
      ofSeconds(10),
      { kind: MP3, seconds: null, bytes: 1e6 },
      { kind: MP3, seconds: null, bytes: null },
    ].map(spread);
    expect(exact).toBeLessThan(bytes);
    expect(bytes).toBeLessThan(none);
  });

  it('learn how long bytes of a source last', () => {
    const speeds = new Speeds();
    for (let i = 0; i < 200; i++) {
      speeds.learn({ kind: MP3, seconds: 10, bytes: 10 * 44_100 }, 10 * 13.3);
    }
    const { medianMs } = speeds.estimate({ kind: MP3, seconds: null, bytes: 100 * 44_100 });
    expect(medianMs).toBeGreaterThan(1000);
    expect(medianMs).toBeLessThan(1700);
  });

  it('keep a bounded number of kinds, whatever is asked for', () => {
    const speeds = new Speeds();
    for (let i = 0; i < 2000; i++) speeds.learn(ofSeconds(1, { ...MP3, from: `f${i}` }), 10);
    expect(speeds.size).toBe(500);
  });

  it('are positive and in order, whatever was measured', () => {
    const amount = fc.option(fc.oneof(fc.double({ min: 0, max: 1e9, noNaN: true }), fc.constant(0)));
    const size = fc.record({
      kind: fc.record({
        from: fc.constantFrom('wav', 'mp3', 'x', '__proto__', 'constructor'),
        to: fc.constantFrom('flac', 'analyze', 'toString'),
        processed: fc.boolean(),
      }),
      bytes: amount,
      seconds: amount,
    });
    const took = fc.oneof(fc.double(), fc.double({ min: 1e-3, max: 1e7, noNaN: true }));
    fc.assert(
      fc.property(fc.array(fc.tuple(size, took), { maxLength: 60 }), size, (learnt, asked) => {
        const speeds = new Speeds();
        for (const [of, tookMs] of learnt) speeds.learn(of, tookMs);
        const { leastMs, medianMs, safeMs } = speeds.estimate(asked);
        expect(Number.isFinite(safeMs) && leastMs > 0).toBe(true);
        expect(leastMs <= medianMs && medianMs <= safeMs).toBe(true);
      }),
    );
  });
});

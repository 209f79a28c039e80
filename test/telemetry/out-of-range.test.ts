import { describe, expect, it } from 'vitest';
import { GiB } from '../../src/bytes.ts';
import { CAUSES, HIT } from '../../src/pool/causes.ts';
import { Recorder } from '../../src/telemetry/recorder.ts';
import { GC_KINDS } from '../../src/telemetry/series.ts';
import {
  DAY_NS,
  hit,
  intervalOf,
  LONGER_THAN_THE_RING,
  publish,
  repeatTo,
  totalsOf,
  waited,
} from './entries.ts';
import { NOTHING } from './percentiles.ts';

describe('what is out of range', () => {
  it.each([
    { case: 'is rounded to whole nanoseconds', value: 41.6, recorded: 42, clipped: 0 },
    { case: 'is 1 ns for what a coarse clock read as nothing', value: 0, recorded: 1, clipped: 0 },
    { case: 'is clipped and counted when negative', value: -5, recorded: 1, clipped: 1 },
    { case: 'is clipped and counted when no number', value: Number.NaN, recorded: 1, clipped: 1 },
    { case: 'is not a whole minute', value: 60e9, recorded: 60e9, clipped: 0 },
    { case: 'is clipped and counted over a minute', value: 61e9, recorded: 60e9, clipped: 1 },
    {
      case: 'is clipped and counted when infinite',
      value: Number.POSITIVE_INFINITY,
      recorded: 60e9,
      clipped: 1,
    },
  ])('$case', ({ value, recorded, clipped }) => {
    for (const length of [1, LONGER_THAN_THE_RING]) {
      const totals = totalsOf(intervalOf(repeatTo(length, [waited(value)])));
      expect(totals.sinceStart.latency().byCause.waited).toMatchObject({
        count: length,
        p50: recorded,
        max: recorded,
      });
      expect(totals.sinceStart.latency().clipped).toBe(clipped * length);
    }
  });

  it.each([
    { family: 'lifetimes', of: (recorder: Recorder) => recorder.lifetime(1, DAY_NS + 1, 1) },
    { family: 'gc', of: (recorder: Recorder) => recorder.gc(0, 60e9 + 1) },
    { family: 'sizes', of: (recorder: Recorder) => recorder.record(HIT, 3, 9, 1, 1025 * GiB, 4096) },
    { family: 'sizes', of: (recorder: Recorder) => recorder.record(HIT, 3, 9, 1, Number.NaN, 4096) },
  ])('is counted with its kind: $family', ({ family, of }) => {
    for (const length of [1, LONGER_THAN_THE_RING]) {
      const recorder = new Recorder();
      for (let turn = 0; turn < length; turn++) of(recorder);
      const none = { latency: 0, lifetimes: 0, gc: 0, recovery: 0, sizes: 0 };
      expect(totalsOf(publish(recorder)).sinceStart.clipped()).toEqual({ ...none, [family]: length });
    }
  });

  it('keeps a request of 0 bytes and a lease of a day', () => {
    const recorder = new Recorder();
    recorder.record(HIT, 0, 9, 1, 0, 4096);
    recorder.lifetime(0, DAY_NS, 1);
    const totals = totalsOf(publish(recorder));
    expect(totals.sinceStart.sizes()).toEqual({ unit: 'B', ...NOTHING, count: 1 });
    expect(totals.sinceStart.lifetimes()).toMatchObject({ p50: DAY_NS, max: DAY_NS });
    expect(totals.sinceStart.clipped()).toMatchObject({ sizes: 0, lifetimes: 0 });
  });

  it.each([0, -1, Number.NaN, 2 ** 33])('is a weight of %s', (weight) => {
    const summary = totalsOf(intervalOf([hit(10, weight)])).sinceStart.latency();
    expect(summary.byCause.hit.count).toBe(weight > 1 ? 2 ** 32 : 1);
    expect(summary.clipped).toBe(1);
  });

  it('is not a count that passes 2^32 within one interval', () => {
    const { byCause } = totalsOf(
      intervalOf(repeatTo(LONGER_THAN_THE_RING, [hit(77, 2 ** 31)])),
    ).sinceStart.latency();
    expect(byCause.hit.count).toBe(LONGER_THAN_THE_RING * 2 ** 31);
  });

  it.each([
    ['cause', (recorder: Recorder) => recorder.record(CAUSES.length, 0, 1, 1, 1, 1)],
    ['cause', (recorder: Recorder) => recorder.record(-1, 0, 1, 1, 1, 1)],
    ['tier', (recorder: Recorder) => recorder.record(0, 4, 1, 1, 1, 1)],
    ['tier', (recorder: Recorder) => recorder.lifetime(-1, 1, 1)],
    ['kind', (recorder: Recorder) => recorder.gc(GC_KINDS.length, 1)],
  ])('is refused for a %s that there is not', (_what, record) => {
    expect(() => record(new Recorder())).toThrow(expect.objectContaining({ code: 'ERR_INVALID_ARGUMENT' }));
  });
});

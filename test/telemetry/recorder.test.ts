import { expect, it } from 'vitest';
import { HIT } from '../../src/pool/causes.ts';
import { Recorder } from '../../src/telemetry/recorder.ts';
import { SIZES } from '../../src/telemetry/series.ts';

/** More than a recorder keeps before it folds them. */
const FLOOD = 5000;

it('tells of each interval its own largest value and sums, also where they went into histograms', () => {
  const recorder = new Recorder();
  const expectInterval = (nanoseconds: number, bytes: number) => {
    for (let at = 0; at < FLOOD; at++) recorder.record(HIT, 0, nanoseconds, 1, bytes, 4096);
    const { histograms, keys, askedBytes, heldBytes } = recorder.publish()!;
    const folded = FLOOD - keys.length;
    expect(folded).toBeGreaterThan(0);
    expect(histograms.map(({ key, max, sum }) => [key, max, sum / folded])).toEqual([
      [0, nanoseconds, nanoseconds],
      [SIZES, bytes, bytes],
    ]);
    expect([askedBytes, heldBytes]).toEqual([FLOOD * bytes, FLOOD * 4096]);
  };
  expectInterval(9000, 4000);
  expectInterval(70, 10);
  expectInterval(800, 500);
});

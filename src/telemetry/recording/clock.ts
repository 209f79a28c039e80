/** What the header of a recording says of the clock. Holds nothing. */
import { HIT } from '../../pool/causes.ts';
import { Recorder } from '../recorder.ts';
import type { HeaderLine } from './lines.ts';

const ROUNDS = 5;
/** Fewer than a recorder keeps before it folds them. */
const TIMES = 1000;

/**
 * Measures the clock that latencies are read from, and what it costs to read it and to record a value: in the
 * mean of the quickest of some rounds, since the first ones are not compiled yet. Takes 1 to 2 ms.
 * @param now nanoseconds
 */
export function measureClock(now: () => number): HeaderLine['clock'] {
  const recorder = new Recorder();
  let resolution = Number.POSITIVE_INFINITY;
  let read = Number.POSITIVE_INFINITY;
  let record = Number.POSITIVE_INFINITY;
  for (let round = 0; round < ROUNDS; round++) {
    const started = now();
    let last = started;
    for (let at = 0; at < TIMES; at++) {
      const next = now();
      if (next > last && next - last < resolution) resolution = next - last;
      last = next;
    }
    read = Math.min(read, (last - started) / TIMES);
    const began = now();
    for (let at = 0; at < TIMES; at++) recorder.record(HIT, 0, at, 1, 64, 4096);
    record = Math.min(record, (now() - began) / TIMES);
    recorder.publish();
  }
  return {
    // A clock that never moved in all that time is no finer than the time that went by: it is not known.
    resolutionNanoseconds: Number.isFinite(resolution) ? Math.round(resolution) : 0,
    readNanoseconds: Math.round(read),
    recordNanoseconds: Math.round(record),
  };
}

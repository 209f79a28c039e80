/** What the header of a recording says of the clock. Holds nothing. */
import { measureReads } from '../../machine/clock.ts';
import { HIT } from '../../pool/causes.ts';
import { Recorder } from '../recorder.ts';
import type { HeaderLine } from './lines.ts';

const ROUNDS = 5;
/** Fewer than a recorder keeps before it folds them. */
const TIMES = 1000;

/**
 * Measures the clock that latencies are read from, and what it costs to read it and to record a value: as
 * there, in the mean of the quickest of some rounds. Takes 1 to 2 ms.
 * @param now nanoseconds
 */
export function measureClock(now: () => number): HeaderLine['clock'] {
  const recorder = new Recorder();
  let record = Number.POSITIVE_INFINITY;
  for (let round = 0; round < ROUNDS; round++) {
    const began = now();
    for (let at = 0; at < TIMES; at++) recorder.record(HIT, 0, at, 1, 64, 4096);
    record = Math.min(record, (now() - began) / TIMES);
    recorder.publish();
  }
  return { ...measureReads(now), recordNanoseconds: Math.round(record) };
}

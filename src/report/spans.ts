/**
 * Neighbouring intervals of a recording put together, so that runs whose intervals differ in length are cut
 * alike. Pure, but for a cache of cuts.
 */
import type { IntervalLine } from '../telemetry/recording/lines.ts';
import type { RecordedRun } from './recorded-run.ts';

/** A stretch of a run. */
export interface Span {
  readonly run: RecordedRun;
  readonly intervals: readonly IntervalLine[];
  readonly from: number;
  readonly to: number;
}

/** As long as the first intervals of a recording are meant to be. */
const LEAST_SECONDS = 0.25;
/** Of the intervals of a run, so many may be longer than what counts as its length. */
const LONGER = 0.05;
/** More spans would say no more: neighbours depend on each other, and each costs time. */
const MOST_SPANS = 400;

export function wholeOf(run: RecordedRun): Span {
  return { run, intervals: run.intervals, from: 0, to: run.seconds };
}

/**
 * In seconds: what the intervals of all of these runs can be put together to; a quarter at least, as
 * recordings have them, and 400 for the longest run at most.
 */
export function commonLength(runs: readonly RecordedRun[]): number {
  return Math.max(LEAST_SECONDS, ...runs.map((run) => Math.max(lengthOf(run), run.seconds / MOST_SPANS)));
}

/**
 * Each as near to `seconds` as whole intervals come; what is left at the end is not enough for one, and left
 * out.
 */
export function spansOf(run: RecordedRun, seconds: number): readonly Span[] {
  let cuts = known.get(run);
  if (cuts === undefined) {
    cuts = new Map();
    known.set(run, cuts);
  }
  let spans = cuts.get(seconds);
  if (spans === undefined) {
    spans = cut(run, seconds);
    cuts.set(seconds, spans);
  }
  return spans;
}

/** Many figures are looked at in the same cut, and what was summed up for one is there for the next. */
const known = new WeakMap<RecordedRun, Map<number, readonly Span[]>>();

function cut(run: RecordedRun, seconds: number): Span[] {
  const spans: Span[] = [];
  let intervals: IntervalLine[] = [];
  for (const interval of run.intervals) {
    intervals.push(interval);
    const { from } = intervals[0];
    // Short of it by less than the next one is over it.
    if (interval.to - from + (interval.to - interval.from) / 2 <= seconds) continue;
    spans.push({ run, intervals, from, to: interval.to });
    intervals = [];
  }
  return spans;
}

/** Intervals grow longer with the run; the few longest of all may be accidents. */
function lengthOf({ intervals }: RecordedRun): number {
  if (intervals.length === 0) return 0;
  const lengths = intervals.map(({ from, to }) => to - from).sort((a, b) => a - b);
  return lengths[Math.ceil(lengths.length * (1 - LONGER)) - 1];
}

/** What a metric is, whoever shows it, and the words to write down a table of them. Pure. */
import type { Snapshot } from '../snapshot.ts';

/**
 * In UCUM, as OpenTelemetry writes units: seconds, bytes, shares from 0 to 1, rates. What is in braces says
 * what is counted and is no unit.
 */
type Unit = 's' | 'By' | '1' | '1/s' | `{${string}}` | `{${string}}/s`;

/** One figure and the values of the metric's labels, in their order. */
export type Row<Value> = readonly [labels: readonly string[], value: Value];

/** A distribution in the metric's unit. */
interface Distribution {
  readonly count: number;
  /** Of all values; like the count, it never falls where the distribution is that since the start. */
  readonly sum: number;
  readonly p50: number;
  readonly p90: number;
  readonly p99: number;
  readonly p999: number;
  readonly max: number;
}

interface Described {
  /** With dots, as OpenTelemetry has it: `millpond.budget.limit`. */
  readonly name: string;
  readonly unit: Unit;
  /** A sentence. */
  readonly help: string;
  readonly labels: readonly string[];
}

/** A counter only rises, as long as the runtime lives. */
interface NumberMetric extends Described {
  readonly kind: 'counter' | 'gauge';
  /** Figures that are not known are left out. */
  rows(snapshot: Snapshot): Row<number>[];
}

interface SummaryMetric extends Described {
  readonly kind: 'summary';
  rows(snapshot: Snapshot): Row<Distribution>[];
}

export type Metric = NumberMetric | SummaryMetric;

/** The share of values at or below each figure of a distribution; 1 is its largest. */
export const QUANTILES = [
  ['0.5', 'p50'],
  ['0.9', 'p90'],
  ['0.99', 'p99'],
  ['0.999', 'p999'],
  ['1', 'max'],
] as const;

/** What one entry of a table reads: a number of its own, or one for each set of labels. */
type Read<Value> = (snapshot: Snapshot) => Value | null | readonly Row<Value | null>[];

export const counter = (
  name: string,
  unit: Unit,
  help: string,
  labels: string[],
  read: Read<number>,
): Metric => numbers('counter', name, unit, help, labels, read);

export const gauge = (name: string, unit: Unit, help: string, labels: string[], read: Read<number>): Metric =>
  numbers('gauge', name, unit, help, labels, read);

/** A distribution since the start; `unit` `s` makes seconds of its nanoseconds. */
export function summary(
  name: string,
  unit: 's' | 'By',
  help: string,
  labels: string[],
  read: Read<Distribution>,
): Metric {
  return {
    kind: 'summary',
    name: `millpond.${name}`,
    unit,
    help,
    labels,
    rows: (snapshot) => known(read(snapshot)).map(([values, given]) => [values, SCALES[unit](given)]),
  };
}

/**
 * The same over the last whole interval, as gauges with `statistic` as one label more: `quantile` belongs to
 * summaries. A distribution of nothing has no rows, so that there are only as many as kinds of things
 * happened.
 * @param shown which of its figures; default all
 */
export function interval(
  name: string,
  unit: 's' | 'By',
  help: string,
  labels: string[],
  read: Read<Distribution>,
  shown: readonly (typeof QUANTILES)[number][1][] = QUANTILES.map(([, name]) => name),
): Metric {
  return numbers('gauge', `interval.${name}`, unit, help, [...labels, 'statistic'], (snapshot) =>
    known(read(snapshot))
      .filter(([, given]) => given.max > 0)
      .flatMap(([values, given]) => {
        const scaled = SCALES[unit](given);
        return shown.map((statistic): Row<number> => [[...values, statistic], scaled[statistic]]);
      }),
  );
}

function numbers(
  kind: 'counter' | 'gauge',
  name: string,
  unit: Unit,
  help: string,
  labels: string[],
  read: Read<number>,
): NumberMetric {
  return { kind, name: `millpond.${name}`, unit, help, labels, rows: (snapshot) => known(read(snapshot)) };
}

function known<Value>(read: Value | null | readonly Row<Value | null>[]): Row<Value>[] {
  const rows = Array.isArray(read)
    ? (read as readonly Row<Value | null>[])
    : [[[], read] as Row<Value | null>];
  return rows.filter((row): row is Row<Value> => row[1] !== null);
}

/** A row for each name of a record. */
export function byName<Entry, Value>(
  entries: Readonly<Partial<Record<string, Entry>>>,
  of: (entry: Entry) => Value,
): Row<Value>[] {
  return Object.entries(entries).map(([name, entry]) => [[name], of(entry as Entry)]);
}

/** A row for each shard. */
export function byShard<Entry extends { readonly shard: number }, Value>(
  entries: readonly Entry[],
  of: (entry: Entry) => Value,
): Row<Value>[] {
  return entries.map((entry) => [[String(entry.shard)], of(entry)]);
}

/** Rows with the shard in front of the labels that each of its own rows has. */
export function withinShard<Entry extends { readonly shard: number }, Value>(
  entries: readonly Entry[],
  rows: (entry: Entry) => readonly Row<Value>[],
): Row<Value>[] {
  return entries.flatMap((entry) =>
    rows(entry).map(([labels, value]): Row<Value> => [[String(entry.shard), ...labels], value]),
  );
}

/** A set of states of which one holds: 1 for that, 0 for the others. */
export function oneOf(states: readonly string[], holds: string): Row<number>[] {
  return states.map((state) => [[state], state === holds ? 1 : 0]);
}

const SCALES = {
  By: (given: Distribution): Distribution => given,
  s: ({ count, sum, p50, p90, p99, p999, max }: Distribution): Distribution => ({
    count,
    sum: sum / 1e9,
    p50: p50 / 1e9,
    p90: p90 / 1e9,
    p99: p99 / 1e9,
    p999: p999 / 1e9,
    max: max / 1e9,
  }),
} as const;

/**
 * The result of a comparison in words: the biggest change first, noise, what cannot be judged, and whether
 * like was compared with like. Pure.
 */

import { formatSeconds } from '../text/durations.ts';
import { escaped, jsonText, shortened } from '../text/escaping.ts';
import type { Change, Examined } from './change.ts';
import { formatFigure, formatRatio, spreadText, timesText } from './figure-text.ts';
import { jobNames, listedJobs, severalJobs } from './jobs.ts';
import type { Quantity } from './quantities.ts';
import type { RecordedRun } from './recorded-run.ts';

interface Look {
  readonly examined: Examined;
  readonly change: Change;
}

/** Figures of one kind that are named; the rest is counted. */
const NAMED = 3;
/** Of each difference between options that is shown. */
const MOST_TEXT = 60;

export function sentenceOn(base: RecordedRun, other: RecordedRun, looks: readonly Look[]): string {
  const of = (change: Change) => looks.filter((look) => look.change === change);
  const sentences = [
    ...(['worse', 'better'] as const).map((change) => changed(change, of(change))),
    unchanged(of('noise')),
    notJudged(of('unknown')),
    ...appeared(looks),
    ...onlyJobs(base, other),
    differences(base, other),
  ].filter((sentence) => sentence !== null);
  return sentences.join(' ');
}

function changed(change: 'better' | 'worse', looks: readonly Look[]): string | null {
  if (looks.length === 0) return null;
  const bySize = looks.toSorted((a, b) => sizeOf(b) - sizeOf(a));
  const listed = named(bySize, ({ examined }) => figures(examined));
  return `${change === 'worse' ? 'Worse' : 'Better'}: ${listed}.`;
}

/** `p99 of fresh allocations, 120 us to 180 us, 1.5 times (1.3 to 1.7)` */
function figures({ quantity, base, other, ranked }: Examined): string {
  const from = `${quantity.label}, ${formatFigure(base, quantity.unit)} to ${formatFigure(other, quantity.unit)}`;
  if (base === null || other === null || base === 0) return from;
  const spread = ranked?.spread;
  const range = spread ? ` (${formatRatio(spread[0])} to ${formatRatio(spread[1])})` : '';
  return `${from}, ${timesText(other / base)}${range}`;
}

/** The surest first: those of which the spread is narrowest. */
function unchanged(looks: readonly Look[]): string | null {
  if (looks.length === 0) return null;
  const width = ({ examined: { ranked } }: Look) =>
    ranked?.spread ? ranked.spread[1] / ranked.spread[0] : Number.POSITIVE_INFINITY;
  const sorted = looks.toSorted((a, b) => width(a) - width(b));
  const listed = named(sorted, ({ examined: { quantity, ranked } }) =>
    ranked?.spread ? `${quantity.label} (${spreadText(ranked.spread)})` : quantity.label,
  );
  return `Noise, or too small to matter: ${listed}.`;
}

function notJudged(looks: readonly Look[]): string | null {
  const short = looks
    .filter(({ examined }) => examined.needSeconds !== null)
    .toSorted((a, b) => (a.examined.needSeconds as number) - (b.examined.needSeconds as number));
  if (short.length === 0) return null;
  const listed = named(
    short,
    ({ examined }) =>
      `${examined.quantity.label} (runs of ${formatSeconds(examined.needSeconds as number, 'atLeast')} would do)`,
  );
  return `Too little was recorded to judge: ${listed}.`;
}

/** What only one of the two runs has: facts, whatever ranks say. */
function appeared(looks: readonly Look[]): string[] {
  const missing = (figure: number | null, { unit }: Quantity) =>
    figure === null || (unit === 'count' && figure === 0);
  const only = (run: 'base' | 'other', without: 'base' | 'other') =>
    looks.filter(
      ({ examined }) =>
        missing(examined[without], examined.quantity) && !missing(examined[run], examined.quantity),
    );
  const listed = (run: 'base' | 'other', found: readonly Look[]) =>
    named(
      found,
      ({ examined: { quantity, ...figures } }) =>
        `${quantity.label} (${formatFigure(figures[run], quantity.unit)})`,
    );
  const [added, gone] = [only('other', 'base'), only('base', 'other')];
  return [
    ...(added.length > 0 ? [`Only the other run has: ${listed('other', added)}.`] : []),
    ...(gone.length > 0 ? [`Only the base has: ${listed('base', gone)}.`] : []),
  ];
}

/** Jobs that only one of the two runs has; earlier versions do not say which they had. */
function onlyJobs(base: RecordedRun, other: RecordedRun): string[] {
  if (!toldApart(base, other)) return [];
  const without = (run: RecordedRun, than: RecordedRun): string[] => {
    const names = new Set(jobNames(than));
    return [...new Set(jobNames(run))].filter((name) => !names.has(name));
  };
  const only = (whose: string, names: readonly string[]): string[] => {
    if (names.length === 0) return [];
    return [`Only ${whose} has the ${names.length === 1 ? 'job' : 'jobs'} ${listedJobs(names)}.`];
  };
  return [...only('the other run', without(other, base)), ...only('the base', without(base, other))];
}

/** Each says its jobs, and one has several. */
function toldApart(...runs: readonly RecordedRun[]): boolean {
  return runs.every((run) => jobNames(run).length > 0) && runs.some((run) => severalJobs(run).length > 0);
}

function differences(base: RecordedRun, other: RecordedRun): string | null {
  // Where nobody gave a label, it is the jobs.
  const told = toldApart(base, other) && base.header.label === other.header.label;
  const [a, b] = [base, other].map(
    ({ header: { label, jobs, versions, machine, options } }): Record<string, unknown> => ({
      label,
      ...(told && jobs && { jobs }),
      ...{ millpond: versions.millpond, Node: versions.node },
      ...{ CPU: machine.cpu, cores: machine.cores, system: machine.system, ...options },
    }),
  );
  const differing = [...new Set([...Object.keys(a), ...Object.keys(b)])].filter(
    (name) => JSON.stringify(a[name]) !== JSON.stringify(b[name]),
  );
  if (differing.length === 0) return null;
  const listed = differing.map((name) => `${escaped(name)} (${value(a[name])}, then ${value(b[name])})`);
  return `This does not compare like with like: the runs differ in ${listed.join(', ')}.`;
}

function value(value: unknown): string {
  if (value === undefined) return 'none';
  return shortened(typeof value === 'string' ? escaped(value) : jsonText(value), MOST_TEXT);
}

function named(looks: readonly Look[], text: (look: Look) => string): string {
  const more = looks.length - NAMED;
  const rest = more > 0 ? `; and ${more} more` : '';
  return `${looks.slice(0, NAMED).map(text).join('; ')}${rest}`;
}

/** How far a ratio is from 1, whichever way. */
function sizeOf({ examined: { base, other } }: Look): number {
  if (!base || !other) return Number.POSITIVE_INFINITY;
  return Math.abs(Math.log(other / base));
}

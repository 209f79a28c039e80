/**
 * Gates for CI: conditions that must not be true of a run. Pure.
 *
 * The figures decide as they are written; what ranks say of the difference is added and changes nothing,
 * since a gate that lets through whatever it cannot tell from noise is one that short runs always pass. For
 * the same reason a figure that cannot be had fails its gate, unless exact counts say that what it is of
 * never happened.
 */
import { MillpondError } from '../errors.ts';
import { CAUSES } from '../pool/causes.ts';
import { escaped } from '../text/escaping.ts';
import { changeOf, examine } from './change.ts';
import { formatFigure, formatRatio, spreadText, timesText } from './figure-text.ts';
import type { Gate, Operator } from './gate-parser.ts';
import { jobNames, listedJobs, shownJob } from './jobs.ts';
import { nearestName } from './nearest-name.ts';
import { figureOf, type Quantity, requestsOf } from './quantities.ts';
import type { RecordedRun } from './recorded-run.ts';

export { type Gate, parseGate } from './gate-parser.ts';

export interface GateResult {
  /** As it was written. */
  readonly gate: string;
  /** The run that it was checked on. */
  readonly origin: string;
  readonly failed: boolean;
  readonly sentence: string;
}

/** Names of jobs that a typo is compared with. */
const MOST_TRIED = 1000;

const HOLDS: Readonly<Record<Operator, (value: number, bound: number) => boolean>> = {
  '>': (value, bound) => value > bound,
  '>=': (value, bound) => value >= bound,
  '<': (value, bound) => value < bound,
  '<=': (value, bound) => value <= bound,
};

const WORDS: Readonly<Record<Operator, readonly [holds: string, holdsNot: string]>> = {
  '>': ['over', 'not over'],
  '>=': ['at or over', 'under'],
  '<': ['under', 'not under'],
  '<=': ['at or under', 'over'],
};

/**
 * One run is checked as it is. Of several the first is the base, with which the others are compared; each of
 * those is checked.
 * @throws MillpondError `ERR_INVALID_ARGUMENT` when a gate needs a base and there is none
 */
export function checkGates(gates: readonly Gate[], runs: readonly RecordedRun[]): readonly GateResult[] {
  const [base, ...others] = runs;
  const needy = gates.find(({ relative }) => relative);
  if (others.length === 0 && needy !== undefined) {
    throw new MillpondError(
      'ERR_INVALID_ARGUMENT',
      `A bound with x is a multiple of the base, the first of two recordings; '${needy.text}' was given with one. Name the base before the recording, or write the bound with a unit.`,
    );
  }
  for (const { quantity, text } of gates) {
    const { job } = quantity;
    if (job !== undefined && !runs.some((run) => jobNames(run).includes(job)))
      throw unknownJob(text, job, runs);
  }
  const checked = others.length === 0 ? runs : others;
  return gates.flatMap((gate) =>
    checked.map((run) => ({ gate: gate.text, origin: run.origin, ...checkOne(gate, base, run) })),
  );
}

function checkOne(gate: Gate, base: RecordedRun, run: RecordedRun): Pick<GateResult, 'failed' | 'sentence'> {
  const { quantity, operator } = gate;
  const lacking =
    withoutJob(quantity, run, 'the run') ?? (gate.relative ? withoutJob(quantity, base, 'the base') : null);
  if (lacking !== null) return lacking;
  const value = figureOf(quantity, run);
  const cut = run.end === null ? ' The recording has no end, so this is of a part of the run.' : '';
  if (value === null) {
    return neverHappened(quantity, run)
      ? { failed: false, sentence: `There were no ${quantity.selection?.label}.${cut}` }
      : unanswered(quantity, 'nothing of it was recorded');
  }
  const shown = `${capital(quantity.label)}: ${formatFigure(value, quantity.unit)}`;
  if (!gate.relative) {
    const failed = HOLDS[operator](value, gate.bound);
    const words = WORDS[operator][failed ? 0 : 1];
    return {
      failed,
      sentence: `${shown}, ${words} ${formatFigure(gate.bound, quantity.unit)}.${cut}`,
    };
  }
  const before = figureOf(quantity, base);
  if (before === null) return unanswered(quantity, 'nothing of it was recorded in the base');
  const failed = HOLDS[operator](value, gate.bound * before);
  const words = WORDS[operator][failed ? 0 : 1];
  const times = before > 0 ? `${timesText(value / before)}, ` : '';
  const beside = `${shown} beside ${formatFigure(before, quantity.unit)}`;
  const limit = `${words} ${formatRatio(gate.bound)} times`;
  return { failed, sentence: `${beside}, ${times}${limit}. ${byRank(quantity, base, run)}${cut}` };
}

function unanswered({ label }: Quantity, why: string): Pick<GateResult, 'failed' | 'sentence'> {
  return {
    failed: true,
    sentence: `${capital(label)} cannot be checked, since ${why}; what cannot be checked fails.`,
  };
}

/** Of a job that another of the recordings has. */
function withoutJob(
  quantity: Quantity,
  run: RecordedRun,
  which: string,
): Pick<GateResult, 'failed' | 'sentence'> | null {
  const names = jobNames(run);
  if (quantity.job === undefined || names.includes(quantity.job)) return null;
  const has = names.length > 0 ? `has only ${listedJobs(names)}` : 'does not say which jobs it had';
  return unanswered(quantity, `${which} ${has}`);
}

function unknownJob(gate: string, job: string, runs: readonly RecordedRun[]): MillpondError {
  const names = [...new Set(runs.flatMap(jobNames))];
  const near = nearestName(job, names.slice(0, MOST_TRIED));
  const there = names.length > 0 ? `There are ${listedJobs(names)}` : 'They do not say which jobs they had';
  return new MillpondError(
    'ERR_INVALID_ARGUMENT',
    `A gate on a job names one of the recordings' jobs; '${escaped(gate)}' names '${shownJob(job)}'. ${near === undefined ? '' : `Did you mean '${shownJob(near)}'? `}${there}.`,
  );
}

function byRank(quantity: Quantity, base: RecordedRun, run: RecordedRun): string {
  const examined = examine(quantity, base, run);
  const { ranked } = examined;
  const change = changeOf(examined, ranked?.p ?? null);
  if (ranked === null || change === 'unknown')
    return 'There are too few intervals to say by rank whether that is noise.';
  const spread = ranked.spread ? `: ${spreadText(ranked.spread)} between intervals` : '';
  return change === 'noise'
    ? `By rank that is noise, or too little to matter${spread}.`
    : `By rank the run is ${change}${spread}.`;
}

/**
 * By exact count, or since all of its kind are written down: of requests that did not hit, and of pauses and
 * emergencies.
 */
function neverHappened({ selection }: Quantity, { intervals }: RecordedRun): boolean {
  if (selection === undefined || requestsOf(intervals, CAUSES, null) === 0) return false;
  const { requests, series } = selection;
  if (requests !== null) return requestsOf(intervals, requests.causes, requests.tier) === 0;
  return [...series].every((name) => name.startsWith('gc/') || name === 'recovery');
}

function capital(text: string): string {
  // A percentile is written small, wherever it stands.
  return /^p\d/.test(text) ? text : `${text[0].toUpperCase()}${text.slice(1)}`;
}

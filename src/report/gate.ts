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
import { changeOf, examine } from './change.ts';
import { formatFigure, formatRatio, spreadText, timesText } from './figure-text.ts';
import type { Gate, Operator } from './gate-parser.ts';
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
  const checked = others.length === 0 ? runs : others;
  return gates.flatMap((gate) =>
    checked.map((run) => ({ gate: gate.text, origin: run.origin, ...checkOne(gate, base, run) })),
  );
}

function checkOne(gate: Gate, base: RecordedRun, run: RecordedRun): Pick<GateResult, 'failed' | 'sentence'> {
  const { quantity, operator } = gate;
  const value = figureOf(quantity, run);
  const cut = run.end === null ? ' The recording has no end, so this is of a part of the run.' : '';
  if (value === null) {
    return neverHappened(quantity, run)
      ? { failed: false, sentence: `There were no ${quantity.selection?.label}.${cut}` }
      : unanswered(quantity, 'of it was recorded');
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
  if (before === null) return unanswered(quantity, 'of it was recorded in the base');
  const failed = HOLDS[operator](value, gate.bound * before);
  const words = WORDS[operator][failed ? 0 : 1];
  const times = before > 0 ? `${timesText(value / before)}, ` : '';
  const beside = `${shown} beside ${formatFigure(before, quantity.unit)}`;
  const limit = `${words} ${formatRatio(gate.bound)} times`;
  return { failed, sentence: `${beside}, ${times}${limit}. ${byRank(quantity, base, run)}${cut}` };
}

function unanswered(quantity: Quantity, what: string): Pick<GateResult, 'failed' | 'sentence'> {
  return {
    failed: true,
    sentence: `${capital(quantity.label)} cannot be checked, since nothing ${what}; what cannot be checked fails.`,
  };
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

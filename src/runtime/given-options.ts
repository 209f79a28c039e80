/**
 * Whether what was passed to `run`, `ready` and `close` is what they take: a typo must not be taken for a
 * default. Pure.
 */
import { inspect } from 'node:util';
import { MillpondError } from '../errors.ts';
import { escaped, shortened } from '../text/escaping.ts';
import type { CloseOptions, ReadyOptions, RunOptions } from './runner.ts';

interface Rule {
  readonly accepts: (value: unknown) => boolean;
  /** What it accepts, in words. */
  readonly takes: string;
}

const MOST_TENANT_CHARACTERS = 256;
const TENANT: Rule = {
  accepts: (value) => typeof value === 'string' && value.length > 0 && value.length <= MOST_TENANT_CHARACTERS,
  takes: `a string of 1 to ${MOST_TENANT_CHARACTERS} characters`,
};

const RUN: Readonly<Record<keyof RunOptions, Rule>> = {
  job: { accepts: (value) => typeof value === 'string', takes: 'the name of a job' },
  signal: { accepts: isSignal, takes: 'an AbortSignal' },
  name: { accepts: (value) => typeof value === 'string', takes: 'a string' },
  onProgress: { accepts: (value) => typeof value === 'function', takes: 'a function' },
  needBytes: {
    accepts: (value) => typeof value === 'number' || Array.isArray(value),
    takes: 'a number of bytes, or a list of such numbers',
  },
  priority: {
    accepts: (value) => typeof value === 'number' && value >= -10 && value <= 10,
    takes: 'a number, -10 to 10',
  },
  tenant: TENANT,
};

const READY: Readonly<Record<keyof ReadyOptions, Rule>> = { signal: RUN.signal, tenant: TENANT };

const CLOSE: Readonly<Record<keyof CloseOptions, Rule>> = {
  timeoutMs: {
    accepts: (value) => typeof value === 'number' && value >= 0,
    takes: 'a number of milliseconds, 0 or more, or Infinity',
  },
};

/** @throws MillpondError `ERR_INVALID_ARGUMENT` */
export function checkRunOptions(options: unknown): asserts options is RunOptions {
  check('run(input, options)', options, RUN);
}

/** @throws MillpondError `ERR_INVALID_ARGUMENT` */
export function checkReadyOptions(options: unknown): asserts options is ReadyOptions {
  check('ready(options)', options, READY);
}

/** @throws MillpondError `ERR_INVALID_ARGUMENT` */
export function checkCloseOptions(options: unknown): asserts options is CloseOptions {
  check('close(options)', options, CLOSE);
}

function check(call: string, options: unknown, rules: Readonly<Record<string, Rule>>): void {
  if (typeof options !== 'object' || options === null || Array.isArray(options)) {
    throw invalid(`${call} takes an object of options, got ${shown(options)}.`, rules);
  }
  for (const [key, value] of Object.entries(options)) {
    const rule = Object.hasOwn(rules, key) ? rules[key] : undefined;
    if (rule === undefined) throw invalid(`${call} has no option '${escaped(key)}'.`, rules);
    if (value !== undefined && !rule.accepts(value)) {
      throw invalid(`${key} of ${call} is ${rule.takes}, got ${shown(value)}.`, rules);
    }
  }
}

function invalid(rule: string, rules: Readonly<Record<string, Rule>>): MillpondError {
  return new MillpondError(
    'ERR_INVALID_ARGUMENT',
    `${rule} Its options are ${Object.keys(rules).join(', ')}.`,
  );
}

/** Of whichever library: what it does counts. */
function isSignal(value: unknown): boolean {
  return (
    typeof value === 'object' &&
    value !== null &&
    'aborted' in value &&
    'addEventListener' in value &&
    typeof value.addEventListener === 'function'
  );
}

function shown(value: unknown): string {
  return shortened(escaped(inspect(value, { depth: 0, breakLength: Infinity })), 100);
}

/**
 * Whether what was passed to `run`, `stream`, `map`, `ready` and `close` is what they take: a typo must not
 * be taken for a default. Pure.
 */
import { MillpondError } from '../errors.ts';
import { escaped, shownValue } from '../text/escaping.ts';
import type { CloseOptions, Inputs, MapOptions, ReadyOptions, RunOptions } from './runner.ts';
import type { StreamOptions } from './task-stream.ts';

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
  timeoutMs: {
    accepts: (value) => typeof value === 'number' && value > 0,
    takes: 'a number of milliseconds over 0, or Infinity',
  },
};

const STREAM: Readonly<Record<keyof StreamOptions, Rule>> = {
  ...RUN,
  unread: { accepts: (value) => isCount(value, 1), takes: 'a whole number, 1 or more' },
};

const READY: Readonly<Record<keyof ReadyOptions, Rule>> = { signal: RUN.signal, tenant: TENANT };

const { name: _name, onProgress: _onProgress, ...RUN_OF_ALL } = RUN;

const MAP: Readonly<Record<keyof MapOptions<unknown>, Rule>> = {
  ...RUN_OF_ALL,
  concurrency: { accepts: (value) => isCount(value, 1), takes: 'a whole number, 1 or more' },
  unread: { accepts: (value) => isCount(value, 0), takes: 'a whole number, 0 or more' },
  ordered: { accepts: (value) => typeof value === 'boolean', takes: 'true or false' },
  errors: { accepts: (value) => value === 'first' || value === 'all', takes: "'first' or 'all'" },
  each: { accepts: (value) => typeof value === 'function', takes: 'a function' },
};

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
export function checkStreamOptions(options: unknown): asserts options is StreamOptions {
  check('stream(input, options)', options, STREAM);
}

/** @throws MillpondError `ERR_INVALID_ARGUMENT` */
export function checkReadyOptions(options: unknown): asserts options is ReadyOptions {
  check('ready(options)', options, READY);
}

/** @throws MillpondError `ERR_INVALID_ARGUMENT` */
export function checkMap(inputs: unknown, options: unknown): asserts inputs is Inputs<unknown> {
  // One by one, the characters of a path are never meant.
  if (typeof inputs !== 'object' || inputs === null || !isIterable(inputs)) {
    throw new MillpondError(
      'ERR_INVALID_ARGUMENT',
      `map(inputs, options) takes an iterable or async iterable object, got ${shownValue(inputs)}. Write for example map([input]).`,
    );
  }
  check('map(inputs, options)', options, MAP);
}

/** @throws MillpondError `ERR_INVALID_ARGUMENT` */
export function checkCloseOptions(options: unknown): asserts options is CloseOptions {
  check('close(options)', options, CLOSE);
}

function check(call: string, options: unknown, rules: Readonly<Record<string, Rule>>): void {
  if (typeof options !== 'object' || options === null || Array.isArray(options)) {
    throw invalid(`${call} takes an object of options, got ${shownValue(options)}.`, rules);
  }
  for (const [key, value] of Object.entries(options)) {
    const rule = Object.hasOwn(rules, key) ? rules[key] : undefined;
    if (rule === undefined) throw invalid(`${call} has no option '${escaped(key)}'.`, rules);
    if (value !== undefined && !rule.accepts(value)) {
      throw invalid(`${key} of ${call} is ${rule.takes}, got ${shownValue(value)}.`, rules);
    }
  }
}

function invalid(rule: string, rules: Readonly<Record<string, Rule>>): MillpondError {
  return new MillpondError(
    'ERR_INVALID_ARGUMENT',
    `${rule} Its options are ${Object.keys(rules).join(', ')}.`,
  );
}

function isCount(value: unknown, least: number): boolean {
  return Number.isSafeInteger(value) && (value as number) >= least;
}

function isIterable(inputs: object): boolean {
  return Symbol.asyncIterator in inputs || Symbol.iterator in inputs;
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

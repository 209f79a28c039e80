/**
 * Errors on their way between threads. Structured cloning would drop their codes, their own fields and the
 * names of their classes, and would fail at the first field that cannot be sent.
 */
import { inspect, types } from 'node:util';
import { ERROR_CODES, type ErrorCode, MillpondError } from '../errors.ts';
import { shortened } from '../text/escaping.ts';

/**
 * What was thrown, and all errors that it refers to, in a flat list: however long a chain of causes is,
 * and also where it bites its own tail, the record is a few levels deep.
 */
export type ErrorRecord = readonly [thrown: RecordedError, ...others: RecordedError[]];

interface RecordedError {
  /** The nearest class that every thread has. */
  readonly base: string;
  readonly name: string;
  readonly message: string;
  readonly stack: string | undefined;
  /** What it has beside these. */
  readonly fields: readonly (readonly [key: string, enumerable: boolean, part: Part])[];
}

/** A value that can be sent, or errors by their places in the record. */
type Part = { readonly value: unknown } | { readonly error: number } | { readonly list: readonly Part[] };

/**
 * Makes of a value what can be sent to another thread, and is read there.
 * @throws when it cannot be sent
 */
type Sendable = (value: unknown) => unknown;

/** Errors of one record; the others are left out. A getter may make up a new cause whenever it is asked. */
const MOST_ERRORS = 1000;
/** Characters of what was thrown and is no error. */
const MOST_SHOWN = 200;

const STANDARD: Readonly<Record<string, new (message: string) => Error>> = {
  Error,
  EvalError,
  RangeError,
  ReferenceError,
  SyntaxError,
  TypeError,
  URIError,
};
/** Made in their own ways. */
const SPECIAL = { AggregateError, DOMException, SuppressedError } as const;
/** What standard errors have that is not enumerable. */
const HIDDEN = ['cause', 'errors', 'error', 'suppressed'];
/** What a record has places of its own for. */
const OWN_PLACES = new Set(['name', 'message', 'stack', ...HIDDEN]);

/**
 * Never throws, whatever was thrown: not every value can be read, or made a string of. Of fields, those that
 * cannot be sent are left out.
 */
export function recordError(thrown: unknown, sendable: Sendable): ErrorRecord {
  const found: Error[] = [];
  const places = new Map<object, number>();

  function partOf(value: unknown): Part {
    if (isError(value)) {
      const known = places.get(value);
      if (known !== undefined) return { error: known };
      if (found.length >= MOST_ERRORS) return { value: undefined };
      places.set(value, found.length);
      return { error: found.push(value) - 1 };
    }
    if (Array.isArray(value) && value.some(isError)) return { list: value.map(partOf) };
    return { value: sendable(value) };
  }

  const records: RecordedError[] = [];
  try {
    const part = partOf(thrown);
    if (!('error' in part)) return [noError(thrown, part)];
  } catch {
    return [noError(thrown, null)];
  }
  for (let at = 0; at < found.length; at++) records.push(recorded(found[at], partOf));
  return records as [RecordedError, ...RecordedError[]];
}

/** An error of the nearest class that this thread has, with the name and the fields that it had. */
export function errorFrom(record: ErrorRecord): Error {
  const errors = record.map(make);
  const arrived = (part: Part): unknown => {
    if ('value' in part) return part.value;
    return 'error' in part ? errors[part.error] : part.list.map(arrived);
  };
  record.forEach(({ name, stack, fields }, at) => {
    const error = errors[at];
    for (const [key, enumerable, part] of fields) define(error, key, arrived(part), enumerable);
    if (error.name !== name) define(error, 'name', name, false);
    if (stack !== undefined) define(error, 'stack', stack, false);
  });
  return errors[0];
}

function recorded(error: Error, partOf: (value: unknown) => Part): RecordedError {
  const fields: [string, boolean, Part][] = [];
  const add = (key: string, enumerable: boolean): void => {
    try {
      fields.push([key, enumerable, partOf(error[key as never])]);
    } catch {
      // It cannot be read, or not be sent.
    }
  };
  for (const key of HIDDEN) if (read(() => key in error, false)) add(key, isEnumerable(error, key));
  for (const key of read(() => Object.keys(error), [])) if (!OWN_PLACES.has(key)) add(key, true);
  const name = read(() => nameOf(error), 'Error');
  return {
    base: read(() => baseOf(error), 'Error'),
    name,
    message: read(() => String(error.message), 'The job threw an error that cannot be read'),
    stack: read(() => stackOf(error, name), undefined),
    fields,
  };
}

/** It begins with the name that the error calls itself by. */
function stackOf({ name, stack }: Error, ofClass: string): string | undefined {
  if (typeof stack !== 'string') return undefined;
  return stack.startsWith(`${name}:`) ? ofClass + stack.slice(name.length) : stack;
}

/** What is thrown and is no error is the cause of one, if it can be sent. */
function noError(thrown: unknown, part: Part | null): RecordedError {
  return {
    base: 'Error',
    name: 'Error',
    message: `The job threw ${read(() => shown(thrown), 'something that cannot be read')}`,
    stack: undefined,
    fields: part === null ? [] : [['cause', false, part]],
  };
}

function isError(value: unknown): value is Error {
  return types.isNativeError(value) || value instanceof Error;
}

function baseOf(error: Error & { code?: unknown }): string {
  const { name } = error;
  if (name === 'MillpondError' && typeof error.code === 'string' && Object.hasOwn(ERROR_CODES, error.code)) {
    return name;
  }
  for (const [special, made] of Object.entries(SPECIAL)) if (error instanceof made) return special;
  if (Object.hasOwn(STANDARD, name)) return name;
  const classes = Object.entries(STANDARD).filter(([, made]) => error instanceof made);
  return classes.at(-1)?.[0] ?? 'Error';
}

/** As it calls itself; that of its class where it only has the name of the standard class that it extends. */
function nameOf(error: Error): string {
  const name = String(error.name ?? 'Error');
  const standard = Object.hasOwn(STANDARD, name) || Object.hasOwn(SPECIAL, name);
  if (!standard || Object.hasOwn(error, 'name') || error instanceof DOMException) return name;
  const ofClass: unknown = error.constructor?.name;
  return typeof ofClass === 'string' && ofClass !== '' ? ofClass : name;
}

function make({ base, name, message, fields }: RecordedError): Error {
  if (base === 'MillpondError') {
    const code = fields.find(([key]) => key === 'code')?.[2] as { value: ErrorCode } | undefined;
    return new MillpondError(code?.value ?? 'ERR_INVALID_ARGUMENT', message);
  }
  if (base === 'AggregateError') return new AggregateError([], message);
  if (base === 'SuppressedError') return new SuppressedError(undefined, undefined, message);
  if (base === 'DOMException') return new DOMException(message, name);
  return new (STANDARD[base] ?? Error)(message);
}

function shown(value: unknown): string {
  if (typeof value === 'string') return shortened(value, MOST_SHOWN);
  return shortened(inspect(value, { depth: 1, breakLength: Infinity, compact: true }), MOST_SHOWN);
}

function isEnumerable(error: Error, key: string): boolean {
  return Object.getOwnPropertyDescriptor(error, key)?.enumerable ?? false;
}

function read<T>(look: () => T, otherwise: T): T {
  try {
    return look();
  } catch {
    return otherwise;
  }
}

function define(error: Error, key: string, value: unknown, enumerable: boolean): void {
  Object.defineProperty(error, key, { value, enumerable, writable: true, configurable: true });
}

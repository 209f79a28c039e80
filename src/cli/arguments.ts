/**
 * Options whose values are read, and what is said of a value that does not do: the option, the value, the
 * rule and the remedy; the process ends with 2. Pure.
 */
import { InvalidArgumentError, Option } from 'commander';
import { type Bytes, GiB, parseBytes } from '../bytes.ts';
import { type ErrorCode, MillpondError } from '../errors.ts';
import { absolutePath } from '../files/byte-paths.ts';
import { didYouMean } from '../report/nearest-name.ts';
import { NANOSECONDS } from '../text/durations.ts';
import { escaped, shortened } from '../text/escaping.ts';

/** A size, and how it was written. */
export interface WrittenSize {
  readonly bytes: Bytes;
  readonly text: string;
}

/**
 * Of an option that is given several times `read` also gets what it made of the values before.
 * @param read throws InvalidArgumentError with the rule and the remedy
 */
export function option<Value>(
  flags: string,
  description: string,
  read: (text: string, earlier: Value) => Value,
): Option {
  const made = new Option(flags, description);
  return made.argParser<Value>((text, earlier) => {
    try {
      return read(text, earlier);
    } catch (error) {
      if (!(error instanceof InvalidArgumentError)) throw error;
      throw wrongValue(made.long ?? flags, text, error.message);
    }
  });
}

/** An option that takes one of some names, in upper or lower case. */
export function choice(flags: string, description: string, what: string, names: readonly string[]): Option {
  const made = option(flags, description, (text) => nameIn(names, text, what));
  // For the help.
  made.argChoices = [...names];
  return made;
}

/** Says in the terms of an option what is wrong with its value and what helps. */
export function wrongValue(
  name: string,
  text: string,
  what: string,
  { code = 'ERR_INVALID_ARGUMENT', cause }: { code?: ErrorCode; cause?: unknown } = {},
): MillpondError {
  const value = /^[\w.,:=%/+-]+$/.test(text) ? text : `'${escaped(text)}'`;
  return new MillpondError(code, `${name} ${shortened(value, 500)}: ${what}`, { cause });
}

/** @throws MillpondError `ERR_INVALID_ARGUMENT` where an option that a command needs was not given */
export function given<Value>(value: Value | undefined, name: string, what: string): Value {
  if (value !== undefined) return value;
  throw new MillpondError('ERR_INVALID_ARGUMENT', `${name} is missing: ${what}`);
}

/** The name as it is listed. */
function nameIn(names: readonly string[], text: string, what: string): string {
  const lower = text.toLowerCase();
  const found = names.find((name) => name.toLowerCase() === lower);
  if (found !== undefined) return found;
  throw new InvalidArgumentError(`${what} is one of ${names.join(', ')}.${didYouMean(text, names)}`);
}

/** The path of a file or a folder. */
export function path(text: string): string {
  if (text !== '') return text;
  throw new InvalidArgumentError(
    'a file or folder has a name. Write . for the folder you are in; a shell variable may be unset.',
  );
}

interface Range {
  /** What the number is, as `a gain in dB`. */
  readonly what: string;
  readonly from: number;
  readonly to: number;
  /** A value that does. */
  readonly example: number | string;
}

export function wholeNumber(range: Range): (text: string) => number {
  return numberIn(range, /^\d+$/, 'a whole number');
}

export function decimalNumber(range: Range): (text: string) => number {
  return numberIn(range, /^[+-]?(\d+\.?\d*|\.\d+)$/, 'a number');
}

function numberIn({ what, from, to, example }: Range, form: RegExp, kind: string): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (form.test(text) && value >= from && value <= to) return value;
    throw new InvalidArgumentError(`${what} is ${kind} from ${from} to ${to}. Write for example ${example}.`);
  };
}

export function depth(text: string): 16 | 24 | 32 {
  if (text === '16' || text === '24' || text === '32') return Number(text) as 16 | 24 | 32;
  throw new InvalidArgumentError('a depth is 16, 24 or 32 bits. Write for example 24.');
}

/** `192k` or `192000`; here, as everywhere in audio, k is 1000. */
export function bitrate(text: string): number {
  const match = /^(\d+(?:\.\d+)?)(k?)$/i.exec(text);
  const value = match === null ? Number.NaN : Math.round(Number(match[1]) * (match[2] === '' ? 1 : 1000));
  if (value >= 1000 && value <= 10_000_000) return value;
  throw new InvalidArgumentError(
    'a bit rate is 1k to 10000k, or as many bits per second. Write for example 192k.',
  );
}

export function byteSize(text: string): WrittenSize {
  let bytes: Bytes;
  try {
    bytes = parseBytes(text);
  } catch {
    throw new InvalidArgumentError('a size comes to whole bytes. Write for example 100MiB, 64k or 65536.');
  }
  if (bytes <= 1024 * GiB) return { bytes, text };
  throw new InvalidArgumentError('it is 1TiB at most. Write what this machine can spare, as 100MiB.');
}

/** `hitRatio=0.9`; gathers what is given several times. */
export function threshold(names: readonly string[]) {
  return (text: string, earlier: Readonly<Record<string, number>>): Record<string, number> => {
    const [, name, digits] = /^([^=]+)=(-?(?:\d+\.?\d*|\.\d+)(?:e-?\d+)?)$/i.exec(text) ?? [];
    const value = Number(digits);
    if (Number.isFinite(value)) return { ...earlier, [nameIn(names, name, 'a check')]: value };
    throw new InvalidArgumentError(
      'a threshold is the name of a check, = and a number. Write for example hitRatio=0.9.',
    );
  };
}

/** `10ms`; in nanoseconds, up to an hour. */
export function duration(text: string): number {
  const [, digits, unit] = /^(\d+\.?\d*|\.\d+) ?(ns|us|µs|ms|s|min)$/i.exec(text) ?? [];
  const name = unit?.toLowerCase();
  const value = Number(digits) * (name === 'min' ? 60 * NANOSECONDS.s : NANOSECONDS[name]);
  if (value >= 1 && value <= 3600e9) return value;
  throw new InvalidArgumentError('a time is 1ns to 60min. Write for example 10ms, 500us or 1s.');
}

/**
 * What a command writes about its run goes into files of their own.
 * @param files by their options
 * @throws MillpondError `ERR_INVALID_ARGUMENT`
 */
export function refuseSameFile(files: Readonly<Record<string, string | undefined>>): void {
  const taken = new Map<string, string>();
  for (const [name, file] of Object.entries(files)) {
    if (file === undefined) continue;
    const path = absolutePath(file);
    const other = taken.get(path);
    if (other !== undefined)
      throw wrongValue(name, file, `it is the file of ${other}, too. Name another one.`);
    taken.set(path, name);
  }
}

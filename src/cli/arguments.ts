/**
 * Reads the values of options; commander prints the message of what is thrown here and the process ends
 * with 2.
 */
import { InvalidArgumentError } from 'commander';
import { type Bytes, parseBytes } from '../bytes.ts';
import { NANOSECONDS } from '../text/durations.ts';

export function wholeNumber(least: number, most: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (/^\d+$/.test(text) && value >= least && value <= most) return value;
    throw new InvalidArgumentError(`Give a whole number from ${least} to ${most}.`);
  };
}

export function decimalNumber(least: number, most: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (/^[+-]?(\d+\.?\d*|\.\d+)$/.test(text) && value >= least && value <= most) return value;
    throw new InvalidArgumentError(`Give a number from ${least} to ${most}.`);
  };
}

export function depth(text: string): 16 | 24 | 32 {
  if (text === '16' || text === '24' || text === '32') return Number(text) as 16 | 24 | 32;
  throw new InvalidArgumentError('Give 16, 24 or 32 bits.');
}

/** `192k` or `192000`; here, as everywhere in audio, k is 1000. */
export function bitrate(text: string): number {
  const match = /^(\d+(?:\.\d+)?)(k?)$/i.exec(text);
  const value = match === null ? Number.NaN : Math.round(Number(match[1]) * (match[2] === '' ? 1 : 1000));
  if (value >= 1000 && value <= 10_000_000) return value;
  throw new InvalidArgumentError('Give a number of bits per second from 1k to 10000k, for example 192k.');
}

export function byteSize(text: string): Bytes {
  try {
    return parseBytes(text);
  } catch {
    throw new InvalidArgumentError('Give a size, for example 100MiB, 64k or 4096.');
  }
}

/** `hitRatio=0.9`; gathers what is given several times. */
export function namedNumber(text: string, earlier: Readonly<Record<string, number>>): Record<string, number> {
  const [, name, digits] = /^(\w+)=(-?(?:\d+\.?\d*|\.\d+)(?:e\d+)?)$/i.exec(text) ?? [];
  if (name !== undefined) return { ...earlier, [name]: Number(digits) };
  throw new InvalidArgumentError('Give a name and a number, for example hitRatio=0.9.');
}

/** `10ms`; in nanoseconds, up to an hour. */
export function duration(text: string): number {
  const [, digits, unit] = /^(\d+\.?\d*|\.\d+) ?(ns|us|µs|ms|s|min)$/.exec(text) ?? [];
  const value = Number(digits) * (unit === 'min' ? 60 * NANOSECONDS.s : NANOSECONDS[unit]);
  if (value >= 1 && value <= 3600e9) return value;
  throw new InvalidArgumentError('Give a time from 1ns to 60min, for example 10ms, 500us or 1s.');
}

/**
 * Sizes. In this project KB and KiB both mean 1024 bytes and MB and MiB both mean 1,048,576:
 * memory is handed out in powers of two, and a limit of "100 MB" is 104,857,600 bytes.
 */
import { MillpondError } from './errors.ts';

/** A count of bytes: a whole number, 0 to 2^53 - 1. */
export type Bytes = number & { readonly __unit?: 'bytes' };

export const KiB = 1024;
export const MiB = 1024 * KiB;
export const GiB = 1024 * MiB;
const TiB = 1024 * GiB;

const UNITS: Readonly<Record<string, number>> = { '': 1, b: 1, k: KiB, m: MiB, g: GiB, t: TiB };
const SIZE = /^(\d+(?:\.\d+)?)\s*(?:(b)|([kmgt])(?:i?b)?)?$/i;

/**
 * Reads a size as people write it: `100MiB`, `100 MB`, `64k`, `1.5g`, `4096`.
 * @throws MillpondError `ERR_INVALID_ARGUMENT` when the text is not a size or is not a whole number of bytes.
 */
export function parseBytes(text: string): Bytes {
  const match = SIZE.exec(text.trim());
  const bytes = match ? Number(match[1]) * UNITS[(match[2] ?? match[3] ?? '').toLowerCase()] : Number.NaN;
  if (!Number.isSafeInteger(bytes)) {
    throw new MillpondError(
      'ERR_INVALID_ARGUMENT',
      `A size is a number with an optional unit and comes to whole bytes, got '${text}'. Write for example 100MiB, 64k or 4096.`,
    );
  }
  return bytes;
}

const SIZES = [
  [TiB, 'TiB'],
  [GiB, 'GiB'],
  [MiB, 'MiB'],
  [KiB, 'KiB'],
  [1, 'B'],
] as const;

/**
 * Writes a size for people, in the largest unit that keeps it at 1 or above: `96.5 MiB`, `4 KiB`, `17 B`;
 * what is less than nothing, too.
 */
export function formatBytes(bytes: Bytes): string {
  const much = Math.abs(bytes);
  const [size, unit] = SIZES.find(([size]) => much >= size) ?? SIZES[SIZES.length - 1];
  return `${Number((bytes / size).toFixed(1))} ${unit}`;
}

/** Figures of a report with their units, for people. Pure. */
import { formatBytes } from '../bytes.ts';
import { formatNanoseconds } from '../text/durations.ts';

/** `share` is 0 to 1. */
export type Unit = 'ns' | 'B' | 'B/s' | '/s' | 'share' | 'count';

/** `180 us`, `96.5 MiB`, `28.6 MiB/s`, `12.5/s`, `98.31 %`, `12`; `-` where there is none. */
export function formatFigure(value: number | null, unit: Unit): string {
  if (value === null) return '-';
  if (unit === 'ns') return formatNanoseconds(value);
  if (unit === 'B') return formatBytes(Math.round(value));
  if (unit === 'B/s') return `${formatBytes(Math.round(value))}/s`;
  if (unit === '/s') return `${Number(value.toPrecision(3))}/s`;
  if (unit === 'share') return `${Number((value * 100).toFixed(2))} %`;
  return String(value);
}

/** `1.5`, `0.98`, `12`: three significant digits, two decimals at most. */
export function formatRatio(ratio: number): string {
  const digits = Number(ratio.toPrecision(3));
  return String(digits >= 0.1 ? Number(digits.toFixed(2)) : digits);
}

export function timesText(ratio: number): string {
  const text = formatRatio(ratio);
  return text === '1' ? 'the same' : `${text} times`;
}

/** Of an interval of ratios: `within 2.5 %` of 1, or `1.3 to 1.7 times`. */
export function spreadText([least, most]: readonly [number, number]): string {
  if (least > 1 || most < 1 || most > 2) return `${formatRatio(least)} to ${formatRatio(most)} times`;
  const percent = Number((Math.max(most - 1, 1 - least) * 100).toFixed(1));
  return percent === 0 ? 'the same' : `within ${percent} %`;
}

/** Figures of a report with their units, for people. Pure. */
import { formatBytes } from '../bytes.ts';
import { formatNanoseconds } from '../telemetry/duration.ts';

/** `share` is 0 to 1. */
export type Unit = 'ns' | 'B' | 'B/s' | 'share' | 'count';

/** `180 us`, `96.5 MiB`, `28.6 MiB/s`, `98.31 %`, `12`; `-` where there is none. */
export function formatFigure(value: number | null, unit: Unit): string {
  if (value === null) return '-';
  if (unit === 'ns') return formatNanoseconds(value);
  if (unit === 'B') return formatBytes(Math.round(value));
  if (unit === 'B/s') return `${formatBytes(Math.round(value))}/s`;
  if (unit === 'share') return `${Number((value * 100).toFixed(2))} %`;
  return String(value);
}

/** `1.5`, `0.98`, `12`: three significant digits, two decimals at most. */
export function formatRatio(ratio: number): string {
  const digits = Number(ratio.toPrecision(3));
  return String(digits >= 0.1 ? Number(digits.toFixed(2)) : digits);
}

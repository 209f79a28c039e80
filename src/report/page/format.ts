/** Figures for people, with their units; in Node and in the browser. Pure. */
import { formatBytes } from '../../bytes.ts';
import { formatNanoseconds, formatSeconds } from '../../text/durations.ts';

/** Nanoseconds, to three digits: `1.23 ms`, `1:30 min`. */
export function duration(nanoseconds: number): string {
  return nanoseconds >= 60e9 ? clock(nanoseconds / 1e9) : formatNanoseconds(nanoseconds);
}

/** Sizes, in whole bytes: `96.5 MiB`. */
export function bytes(count: number): string {
  return formatBytes(Math.round(count));
}

export function bytesPerSecond(value: number): string {
  return `${bytes(value)}/s`;
}

/** Whole, with its thousands apart. */
export function count(value: number): string {
  return Math.round(value).toLocaleString('en-US');
}

/** 0 to 1, as percent; what is not quite all or nothing never reads so. */
export function share(value: number): string {
  const percent = value * 100;
  const shown =
    percent > 99.9 && percent < 100 ? Math.floor(percent * 1000) / 1000 : Number(percent.toFixed(1));
  return `${shown === 0 && percent > 0 ? '< 0.1' : shown} %`;
}

/** Seconds since the start, or a span: `8.5 s`, `4:05`, `23:59:58`. */
export function clock(seconds: number): string {
  return formatSeconds(seconds, 'clock');
}

/** 0 to 1 of all values: `99.9 %`, with as many nines as it has. */
export function percentileName(nines: number): string {
  if (nines <= 1) return '0 %';
  const places = Math.max(0, Math.ceil(Math.log10(nines) - 1.5)) + 1;
  return `${Number((100 - 100 / nines).toFixed(places))} %`;
}

export function ratio(value: number): string {
  return `${value >= 100 ? count(value) : value.toFixed(value >= 10 ? 1 : 2)}×`;
}

/** Of the runs over each other: `A` for the first, which is the base. */
export function letterOf(index: number): string {
  return index < 26 ? String.fromCharCode(65 + index) : String(index + 1);
}

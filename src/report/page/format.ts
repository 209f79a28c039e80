/** Figures for people, with their units; in Node and in the browser. Pure. */

/** Nanoseconds, to three digits: `1.23 ms`. */
export function duration(nanoseconds: number): string {
  if (nanoseconds >= 60e9) return clock(nanoseconds / 1e9);
  const [scale, unit] = TIMES.find(([scale]) => nanoseconds >= scale * ALMOST) ?? [1, 'ns'];
  return `${digits(nanoseconds / scale)} ${unit}`;
}

const TIMES = [[1e9, 's'] as const, [1e6, 'ms'] as const, [1e3, 'us'] as const];
/** What is rounded up to the next unit is written in it. */
const ALMOST = 0.9995;

/** Sizes in powers of 1024: `96.5 MiB`. */
export function bytes(count: number): string {
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];
  let size = count;
  let unit = 0;
  while (Math.abs(size) >= 1024 && unit < units.length - 1) {
    size /= 1024;
    unit++;
  }
  return `${unit === 0 ? Math.round(size) : Number(size.toFixed(1))} ${units[unit]}`;
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
  if (seconds < 60) return `${digits(seconds)} s`;
  const whole = Math.round(seconds);
  const two = (value: number) => String(value).padStart(2, '0');
  const [hours, minutes] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60];
  return hours > 0 ? `${hours}:${two(minutes)}:${two(whole % 60)} h` : `${minutes}:${two(whole % 60)} min`;
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

function digits(value: number): string {
  return value >= 1000 ? count(value) : String(Number(value.toPrecision(3)));
}

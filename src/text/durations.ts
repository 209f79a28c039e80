/** Times for people, in every form in which they are written. Pure. */

const UNITS = [
  [1e9, 's'],
  [1e6, 'ms'],
  [1e3, 'us'],
  [1, 'ns'],
] as const;

/** How units of time are written, each in nanoseconds. */
export const NANOSECONDS: Readonly<Record<string, number>> = { ns: 1, us: 1e3, µs: 1e3, ms: 1e6, s: 1e9 };

/**
 * In the largest unit that keeps it at 1 or above.
 * @param form `digits`: three significant ones, as `180 us`, `1.25 s`, `40 ns`. `column`: as many decimals in
 * each line of a table, as `180.0 us`, `1.3 s`, `40 ns`.
 */
export function formatNanoseconds(nanoseconds: number, form: 'digits' | 'column' = 'digits'): string {
  const value = form === 'column' ? nanoseconds : toThree(nanoseconds);
  const [scale, unit] = UNITS.find(([scale]) => value >= scale) ?? UNITS[UNITS.length - 1];
  if (form === 'column') return `${(value / scale).toFixed(scale === 1 ? 0 : 1)} ${unit}`;
  return `${toThree(value / scale)} ${unit}`;
}

/**
 * With minutes and hours where seconds are many.
 * @param form `exact`: to the second, or the tenth of one, as `7.5 s`, `7 min 42 s`, `1 h 0 min 5 s`.
 * `coarse`: for what changes while it is looked at, as `8 s`, `8 min`, `1 h 5 min`. `atLeast`: rounded up, as
 * `90 s`, `3 min`. `clock`: short, for axes and tables, as `7.52 s`, `7:42 min`, `1:00:05 h`.
 */
export function formatSeconds(seconds: number, form: keyof typeof FORMS = 'exact'): string {
  return FORMS[form](seconds);
}

const FORMS = {
  exact(seconds: number): string {
    if (seconds < 60) return `${seconds.toFixed(1)} s`;
    const [hours, minutes, rest] = parts(seconds);
    return hours > 0 ? `${hours} h ${minutes} min ${rest} s` : `${minutes} min ${rest} s`;
  },

  coarse(seconds: number): string {
    if (seconds < 60) return `${Math.round(seconds)} s`;
    const minutes = Math.round(seconds / 60);
    return minutes < 60 ? `${minutes} min` : `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
  },

  atLeast(seconds: number): string {
    if (seconds <= 120) return `${Math.ceil(seconds)} s`;
    const minutes = Math.ceil(seconds / 60);
    return minutes <= 120 ? `${minutes} min` : `${Math.ceil(minutes / 60)} h`;
  },

  clock(seconds: number): string {
    if (seconds < 60) return `${toThree(seconds)} s`;
    const [hours, minutes, rest] = parts(seconds);
    const two = (value: number) => String(value).padStart(2, '0');
    return hours > 0 ? `${hours}:${two(minutes)}:${two(rest)} h` : `${minutes}:${two(rest)} min`;
  },
};

function parts(seconds: number): [hours: number, minutes: number, seconds: number] {
  const whole = Math.round(seconds);
  return [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60];
}

function toThree(value: number): number {
  return Number(value.toPrecision(3));
}

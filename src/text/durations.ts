/** Times for people. Pure. */

const UNITS = [
  [1e9, 's'],
  [1e6, 'ms'],
  [1e3, 'us'],
  [1, 'ns'],
] as const;

/** How units of time are written, each in nanoseconds. */
export const NANOSECONDS: Readonly<Record<string, number>> = { ns: 1, us: 1e3, µs: 1e3, ms: 1e6, s: 1e9 };

/** To three significant digits, in the largest unit that keeps it at 1 or above: `180 us`, `1.25 s`, `40 ns`. */
export function formatNanoseconds(nanoseconds: number): string {
  const rounded = Number(nanoseconds.toPrecision(3));
  const [scale, unit] = UNITS.find(([scale]) => rounded >= scale) ?? UNITS[UNITS.length - 1];
  return `${Number((rounded / scale).toPrecision(3))} ${unit}`;
}

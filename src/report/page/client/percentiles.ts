/** Percentile curves: x is 1/(1-p), logarithmic. Pure. */
import type { CurveData, DrawnRun } from '../data.ts';
import { count, duration, percentileName } from '../format.ts';
import type { Line, Model } from './model.ts';

const TICKS = [2, 10, 100, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9];

interface NamedCurve {
  readonly label: string;
  readonly curve: CurveData;
}

export function percentileModel(curves: readonly NamedCurve[], nines: readonly number[]): Model {
  const length = Math.max(
    2,
    ...curves.map(({ curve }) => Math.max(curve.values.length, curve.corrected?.length ?? 0)),
  );
  const x = nines.slice(0, length);
  const lines = curves.flatMap(({ label, curve }, index): Line[] => [
    { label, values: curve.values, format: duration, color: index },
    ...(curve.corrected
      ? [
          {
            ...{ label: `${label}, corrected`, values: curve.corrected },
            ...{ format: duration, color: index, style: 'dashed' as const },
          },
        ]
      : []),
  ]);
  return {
    x,
    xScale: { format: percentileName, isLog: true, ticks: TICKS },
    y: { format: duration, isLog: true },
    lines: lines.map((line) => ({ ...line, values: padded(line.values, length) })),
    at: (index) => `Up to ${percentileName(x[index])} of all`,
    say: (index) => (x[index] > 1 ? `1 in ${count(x[index])} is slower` : ''),
  };
}

/** Of one run each cause is a line; of several each run. */
export function latencyCurves(
  runs: readonly DrawnRun[],
  names: readonly string[],
  tier: string,
  cause: string,
): NamedCurve[] {
  if (runs.length === 1) {
    return runs[0].curves
      .filter((curve) => curve.tier === tier)
      .map((curve) => ({ label: curve.name === 'all' ? 'all requests' : curve.name, curve }));
  }
  return runs.flatMap((run, index) => {
    const curve = run.curves.find((one) => one.tier === tier && one.name === cause);
    return curve ? [{ label: names[index], curve }] : [];
  });
}

function padded(values: readonly (number | null)[], length: number): (number | null)[] {
  return Array.from({ length }, (_, index) => values[index] ?? null);
}

/** All that any run has, in the order in which they come up. */
export function everyOf(runs: readonly DrawnRun[], of: (run: DrawnRun) => readonly string[]): string[] {
  return [...new Set(runs.flatMap(of))];
}

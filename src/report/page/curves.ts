/** Percentile curves of histograms, also as they would be had no caller waited. Pure. */
import { distributionOf } from '../figures.ts';
import { type Merged, valueAt } from '../histograms.ts';
import type { CurveData } from './data.ts';

/** Points for each factor of ten of 1/(1-p). */
const POINTS_PER_DECADE = 16;
const MOST_NINES = 1e9;

/** Where curves have their points, as 1/(1-p): from the least value on, by equal steps of the scale. */
export const NINES: readonly number[] = Array.from(
  { length: Math.log10(MOST_NINES) * POINTS_PER_DECADE + 1 },
  (_, point) => Number((10 ** (point / POINTS_PER_DECADE)).toPrecision(6)),
);

export function curveOf(
  name: string,
  tier: string,
  merged: Merged,
  corrected: Merged | null = null,
): CurveData {
  return {
    name,
    tier,
    stats: distributionOf(merged),
    values: valuesOf(merged),
    corrected: corrected && valuesOf(corrected),
  };
}

/** Up to the point that the largest value alone lies above. */
function valuesOf(merged: Merged): number[] {
  const { totalCount } = merged.histogram;
  const values: number[] = [];
  for (const nines of NINES) {
    values.push(valueAt(merged, 100 - 100 / nines));
    if (nines >= totalCount) break;
  }
  return values;
}

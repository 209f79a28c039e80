/** Percentile curves of histograms, also as they would be had no caller waited. Pure. */
import { addCorrected, createWideHistogram } from '../../telemetry/hdr.ts';
import { BOUNDS } from '../../telemetry/series.ts';
import { type Merged, valueAt } from '../histograms.ts';
import type { CurveData, Distribution } from './data.ts';

/** Points for each factor of ten of 1/(1-p). */
const POINTS_PER_DECADE = 16;
const MOST_NINES = 1e9;
/** Values that a correction may add: a tenth of a second. */
export const MOST_CORRECTIONS = 2e7;

/** Where curves have their points, as 1/(1-p): from the least value on, by equal steps of the scale. */
export const NINES: readonly number[] = Array.from(
  { length: Math.log10(MOST_NINES) * POINTS_PER_DECADE + 1 },
  (_, point) => Number((10 ** (point / POINTS_PER_DECADE)).toPrecision(6)),
);

export function distributionOf(merged: Merged): Distribution {
  const { totalCount } = merged.histogram;
  return {
    count: totalCount,
    p50: valueAt(merged, 50),
    p90: valueAt(merged, 90),
    p99: valueAt(merged, 99),
    p999: valueAt(merged, 99.9),
    max: merged.max,
    mean: totalCount > 0 ? Math.round(merged.sum / totalCount) : 0,
  };
}

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

/** How many values the correction of these would add, about. */
export function correctionsOf({ sum }: Merged, expectedIntervalNs: number): number {
  return sum / expectedIntervalNs;
}

/** Of latencies. */
export function correctedBy(merged: Merged, expectedIntervalNs: number): Merged {
  const histogram = createWideHistogram(BOUNDS[0]);
  addCorrected(histogram, merged.histogram, expectedIntervalNs);
  return { histogram, max: merged.max, sum: merged.sum };
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

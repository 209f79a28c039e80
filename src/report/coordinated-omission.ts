/**
 * Corrects for coordinated omission, as HdrHistogram does: a caller that should make a request at fixed
 * intervals and is held up makes none meanwhile, so the waits of the requests that were never made are
 * missing. For each value over the interval they are added: the value minus one interval, minus two, and so
 * on. Their number is worked out bucket by bucket, so it takes bounded time however short the interval is.
 * Pure.
 */
import { type WideHistogram, wideHistogramOf } from '../telemetry/hdr.ts';
import { type Cut, lowestAt } from './encoded-histogram.ts';
import type { Merged } from './histograms.ts';

/** @param interval between two requests of one caller; over 0, in the unit of the values */
export function corrected({ histogram, max, sum }: Merged, cut: Cut, interval: number): Merged {
  const counts = Float64Array.from({ length: cut.length }, (_, index) => countAt(histogram, index));
  const added = new Float64Array(cut.length);
  let addedSum = 0;
  for (let from = 0; from < cut.length; from++) {
    const count = counts[from];
    // A bucket stands for its greatest value, as in the percentiles.
    const value = lowestAt(from + 1, cut) - 1;
    const most = count > 0 ? Math.floor(value / interval) - 1 : 0;
    if (most < 1) continue;
    addedSum += count * (most * value - (interval * most * (most + 1)) / 2);
    for (let into = from, k = 1; k <= most; into--) {
      const last = Math.min(most, Math.floor((value - lowestAt(into, cut)) / interval));
      if (last < k) continue;
      added[into] += count * (last - k + 1);
      k = last + 1;
    }
  }
  for (let index = 0; index < cut.length; index++) added[index] += counts[index];
  return { histogram: wideHistogramOf(cut, added), max, sum: sum + addedSum };
}

function countAt(histogram: WideHistogram, index: number): number {
  return (histogram as unknown as { getCountAtIndex(index: number): number }).getCountAtIndex(index);
}

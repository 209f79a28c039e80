/** Whether a figure rises over time, whatever its noise. Pure. */

export interface Point {
  readonly at: number;
  readonly value: number;
}

interface Trend {
  /** What it gains from first point to last, by the median of the slopes of all pairs (Theil and Sen). */
  readonly rise: number;
  readonly median: number;
  /** How sure it is that there is a trend at all (Mann and Kendall), in standard deviations. */
  readonly sure: number;
}

export function trendOf(points: readonly Point[]): Trend {
  const slopes: number[] = [];
  let order = 0;
  for (const [index, late] of points.entries()) {
    for (const early of points.slice(0, index)) {
      slopes.push((late.value - early.value) / (late.at - early.at));
      order += Math.sign(late.value - early.value);
    }
  }
  const count = points.length;
  const span = points[count - 1].at - points[0].at;
  const deviation = Math.sqrt((count * (count - 1) * (2 * count + 5)) / 18);
  return {
    rise: medianOf(slopes) * span,
    median: medianOf(points.map(({ value }) => value)),
    sure: (order - Math.sign(order)) / deviation,
  };
}

function medianOf(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

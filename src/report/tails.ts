/** The tails of distributions. Pure. */

const Z95 = 1.959964;

/**
 * Student's t as a normal deviate, by Wallace (1959): good to 0.02 for three degrees of freedom, better for
 * more.
 */
export function studentTails(t: number, freedom: number): number {
  return normalTails(wallace(freedom) * Math.sqrt(freedom * Math.log1p(t ** 2 / freedom)));
}

/** What 95 % of Student's t stay below, on both sides. */
export function quantile95(freedom: number): number {
  return Math.sqrt(freedom * Math.expm1((Z95 / wallace(freedom)) ** 2 / freedom));
}

function wallace(freedom: number): number {
  return (8 * freedom + 1) / (8 * freedom + 3);
}

/** What lies beyond `z`, 0 or more, on both sides: `erfcc` of Numerical Recipes, good to 1.2e-7 of itself. */
function normalTails(z: number): number {
  const x = z / Math.SQRT2;
  const t = 1 / (1 + x / 2);
  const series = ERFC.reduceRight((sum, factor) => sum * t + factor, 0);
  return Math.min(1, t * Math.exp(-(x ** 2) + series));
}

const ERFC = [
  -1.26551223, 1.00002368, 0.37409196, 0.09678418, -0.18628806, 0.27886807, -1.13520398, 1.48851587,
  -0.82215223, 0.17087277,
];

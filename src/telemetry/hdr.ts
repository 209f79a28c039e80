/**
 * The only file that loads hdr-histogram-js. Nothing here is loaded before it is used: on the machine this
 * was built on the package's index costs 50 ms and its WebAssembly another 25 ms, in every thread, which
 * shows in a run of a few seconds. The files behind the index are cheaper (5 ms for one JavaScript histogram,
 * 15 ms for the WebAssembly loader, 28 ms for the decoder), so those are what is loaded; package.json holds
 * the version for that reason.
 *
 * All histograms of one series share one range, so that nothing is resized on a hot path and any two can be
 * merged.
 */
import { createRequire } from 'node:module';

/** What a histogram holds; values are clamped to it before they come here. */
export interface Range {
  /** The resolution, 1 or more. */
  readonly unit: number;
  readonly highest: number;
}

export const SIGNIFICANT_DIGITS = 2;
/** Counts of 64 bits: 32-bit ones wrap silently once weights add up to 2^32, and are no faster. */
const COUNT_BITS = 64;

/** A histogram in WebAssembly: 20 ns for one record, against 80 ns in JavaScript. */
export interface FastHistogram {
  recordValueWithCount(value: number, count: number): void;
  /** HdrHistogram's V2 encoding, uncompressed. A copy. */
  encode(): Uint8Array<ArrayBuffer>;
  reset(): void;
}

/**
 * A histogram in JavaScript whose counts are doubles, exact to 2^53. It takes as much memory as its largest
 * value needs: 2 to 40 KB.
 */
export interface WideHistogram {
  readonly totalCount: number;
  recordValueWithCount(value: number, count: number): void;
  add(other: WideHistogram): void;
  getValueAtPercentile(percentile: number): number;
}

const load = createRequire(import.meta.url);

/** One in this thread's WebAssembly; loads and compiles it on first use. */
export function createFastHistogram({ unit, highest }: Range): FastHistogram {
  const { initWebAssemblySync, WasmHistogram } = load('hdr-histogram-js/dist/wasm');
  initWebAssemblySync();
  return WasmHistogram.build({
    bitBucketSize: COUNT_BITS,
    autoResize: false,
    lowestDiscernibleValue: unit,
    highestTrackableValue: highest,
    numberOfSignificantValueDigits: SIGNIFICANT_DIGITS,
  });
}

/** Of one fixed range: those that grow miscount what is added to them from a smaller one (3.0.1: NaN). */
export function createWideHistogram({ unit, highest }: Range): WideHistogram {
  const { default: Float64Histogram } = load('hdr-histogram-js/dist/Float64Histogram');
  return new Float64Histogram(unit, highest, SIGNIFICANT_DIGITS);
}

/**
 * At `percentile`, 0 to 100: the upper end of its bucket, but never above `max`, the largest value there was.
 */
export function valueAtPercentile(histogram: WideHistogram, max: number, percentile: number): number {
  return Math.min(histogram.getValueAtPercentile(percentile), max);
}

/** One with these counts, by index: as many as such a histogram has. */
export function wideHistogramOf(range: Range, counts: ArrayLike<number>): WideHistogram {
  const histogram = createWideHistogram(range) as WideHistogram & {
    maxValue: number;
    setCountAtIndex(index: number, count: number): void;
    establishInternalTackingValues(): void;
    valueFromIndex(index: number): number;
    highestEquivalentValue(value: number): number;
  };
  let last = -1;
  for (let index = 0; index < counts.length; index++) {
    if (counts[index] === 0) continue;
    histogram.setCountAtIndex(index, counts[index]);
    last = index;
  }
  histogram.establishInternalTackingValues();
  // 3.0.1 applies a unit over 1 twice, and prints a maximum above the last value.
  if (last >= 0) histogram.maxValue = histogram.highestEquivalentValue(histogram.valueFromIndex(last));
  return histogram;
}

/**
 * Reads what {@link FastHistogram.encode} wrote: the two kinds cannot be added to each other in any other
 * way.
 */
export function decodeHistogram(encoded: Uint8Array): WideHistogram {
  load('hdr-histogram-js/dist/JsHistogram.encoding'); // installs `decode`
  const { JsHistogram } = load('hdr-histogram-js/dist/JsHistogram');
  return JsHistogram.decode(encoded, COUNT_BITS);
}

/** HdrHistogram's own print of a distribution, with five lines for each halving of the distance to 100 %. */
export function percentileTable(histogram: WideHistogram): string {
  const print = histogram as WideHistogram & {
    outputPercentileDistribution(ticks: number, ratio: number): string;
  };
  return print.outputPercentileDistribution(5, 1);
}

/** HdrHistogram's V2 compressed encoding in base64, as in its interval logs. */
export function encodeCompressed(histogram: WideHistogram): string {
  load('hdr-histogram-js/dist/JsHistogram.encoding'); // installs the method
  return (histogram as unknown as { encodeIntoCompressedBase64(): string }).encodeIntoCompressedBase64();
}

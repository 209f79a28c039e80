/** What one thread recorded since it last published. Can be sent between threads; the arrays are copies. */
export interface Interval {
  /** What each raw record is of: see series.ts. */
  readonly keys: Uint8Array<ArrayBuffer>;
  readonly nanoseconds: Float64Array<ArrayBuffer>;
  readonly weights: Float64Array<ArrayBuffer>;
  /** Bytes asked for, of requests; 0 of all others. */
  readonly bytes: Float64Array<ArrayBuffer>;
  /** What no longer fitted among the raw records. */
  readonly histograms: readonly EncodedHistogram[];
  /** By weight, over all served requests: bytes asked for, and bytes of the buffers that served them. */
  readonly askedBytes: number;
  readonly heldBytes: number;
  /** By family, values and weights that were outside the range and were clamped to it. */
  readonly clipped: readonly number[];
}

export interface EncodedHistogram {
  readonly key: number;
  readonly encoded: Uint8Array<ArrayBuffer>;
  /** The encoding knows the largest value to two digits only, and no sum. */
  readonly max: number;
  readonly sum: number;
}

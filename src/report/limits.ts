/** Limits of a recording, which is not trusted. Pure. */
import { type Bytes, MiB } from '../bytes.ts';

interface Limits {
  readonly fileBytes: Bytes;
  readonly lineBytes: Bytes;
  readonly lines: number;
  readonly entries: number;
  readonly series: number;
  readonly counts: number;
}

export const LIMITS: Limits = {
  /** Two weeks of two threads, a day of thirty and more. */
  fileBytes: 256 * MiB,
  /** An interval of 1024 threads has 24 series of each, 200 to 500 bytes of text. */
  lineBytes: 16 * MiB,
  /** An event a second for ten days; intervals are 2700 a day. */
  lines: 1_000_000,
  /**
   * Shards, moves and tasks in all lines: a day of 1024 threads has 2.8 million, 100 bytes of memory each.
   */
  entries: 4_000_000,
  /** Histograms in all lines: 12 of each of thirty threads for a day. */
  series: 1_000_000,
  /** That are not 0, in all histograms: 20 in each. They are held in memory, 16 bytes each. */
  counts: 20_000_000,
};

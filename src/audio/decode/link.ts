/** What a decoder reads one after the other: the links of a chained Ogg, else all of a source. */
import type { Source } from '../sources/source.ts';

/** What is decoded by itself. */
export interface Link {
  readonly source: Source;
  /**
   * The position on its last page, in the codec's own frames, once that was read; 0 where it cannot be told.
   */
  lastPosition(): number;
}

/** The links of one source in order. Owned by one decoder. */
export interface Links {
  /** @returns `null` where there is none any more */
  next(): Link | null;
  /** Frames that those behind the first announce. */
  readonly laterFrames: number;
  /** What was left out, as far as it is known. */
  readonly warnings: readonly string[];
}

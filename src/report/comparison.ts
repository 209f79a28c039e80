/** Runs beside each other. Types only. */

/** `unknown`: too few intervals to say. */
export type Change = 'better' | 'worse' | 'noise' | 'unknown';

export interface ComparedFigure {
  /** For people: `p99 of fresh`. */
  readonly name: string;
  readonly unit: 'ns' | 'B' | 'B/s' | 'share' | 'count';
  /** Null: nothing recorded. */
  readonly base: number | null;
  readonly other: number | null;
  /** Other beside base, of the whole runs. */
  readonly ratio: number | null;
  /** 95 % interval of the ratio between the runs' intervals, from ranks. */
  readonly spread: readonly [number, number] | null;
  /** Two-sided, of the rank test. */
  readonly p: number | null;
  readonly change: Change;
}

export interface ComparedRun {
  readonly origin: string;
  readonly sentence: string;
  readonly change: Change;
  readonly figures: readonly ComparedFigure[];
}

export interface Comparison {
  readonly base: string;
  readonly others: readonly ComparedRun[];
}

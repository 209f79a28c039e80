import type { Comparison } from '../comparison.ts';
import type { RecordedRun } from '../recorded-run.ts';

export declare function htmlPage(
  runs: readonly RecordedRun[],
  options: { comparison: Comparison | null; expectedIntervalNs: number | null },
): Promise<string>;

/** A recording that was read, checked and put together. Plain data, in the order of time. */
import type { Bytes } from '../bytes.ts';
import type { Decision } from '../regulation/decision.ts';
import type {
  EndLine,
  HeaderLine,
  IntervalLine,
  PressureLine,
  RecoveryLine,
  WorkerLostLine,
} from '../telemetry/recording/lines.ts';

export interface RecordedRun {
  /** The file, as it was named. */
  readonly origin: string;
  readonly fileBytes: Bytes;
  readonly header: HeaderLine;
  readonly intervals: readonly IntervalLine[];
  /** With their scores, where they were judged. */
  readonly decisions: readonly Decision[];
  readonly pressures: readonly PressureLine[];
  readonly recoveries: readonly RecoveryLine[];
  readonly workersLost: readonly WorkerLostLine[];
  /** Null when the run crashed, or is still running. */
  readonly end: EndLine | null;
  /** From the start to the last line. */
  readonly seconds: number;
  /** What is odd about the file, a sentence each: an incomplete last line, no end. Empty as a rule. */
  readonly remarks: readonly string[];
}

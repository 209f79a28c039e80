import type { RecordedRun } from './recorded-run.ts';

export interface Gate {
  readonly text: string;
}

export interface GateResult {
  readonly gate: string;
  readonly origin: string;
  readonly failed: boolean;
  readonly sentence: string;
}

export declare function parseGate(text: string): Gate;
export declare function checkGates(
  gates: readonly Gate[],
  runs: readonly RecordedRun[],
): readonly GateResult[];

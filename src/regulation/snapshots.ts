/** What the regulator shows of itself. Plain JSON. */
import type { Bytes } from '../bytes.ts';
import type { Decision, DecisionKind, Verdict } from './decision.ts';
import type { PressureLevel } from './pressure.ts';

export interface PressureSnapshot {
  readonly level: PressureLevel;
  /** The level that the ledger alone would have, and process memory alone. */
  readonly ledgerLevel: PressureLevel;
  readonly processLevel: PressureLevel;
  /** The ledger's sum beside the budget. */
  readonly ledgerShare: number;
  /** Memory of the process beside what it may have; null where nothing limits it. */
  readonly processShare: number | null;
  /** Resident memory of the process; 0 where it cannot be read. */
  readonly rssBytes: Bytes;
  /** The container's limit, else the machine's memory; null where it cannot be read. */
  readonly limitBytes: Bytes | null;
  readonly secondsAtLevel: Readonly<Record<PressureLevel, number>>;
  /** For how long pressure has been at its level or above, without a break. */
  readonly heldSeconds: number;
  /** An emergency is in progress. */
  readonly emergency: boolean;
}

export interface BlockSnapshot {
  /** What jobs are advised to work in now. */
  readonly bytes: Bytes;
  readonly baselineBytes: Bytes;
  readonly leastBytes: Bytes;
  readonly mostBytes: Bytes;
  /**
   * Growth ends here for now, for what it remembers of the last pressure or of growth that did not help, or
   * since no job's blocks would last longer.
   */
  readonly ceilingBytes: Bytes;
  /** Milliseconds of audio that one block lasts at most. */
  readonly mostMilliseconds: number;
}

export interface DecisionsSnapshot {
  readonly counts: Readonly<Record<DecisionKind, number>>;
  readonly verdicts: Readonly<Record<Verdict, number>>;
  /** Mean regret of those that were judged, 0 to 1. */
  readonly regret: number;
  /** The last ones, oldest first. */
  readonly recent: readonly Decision[];
  /** What the other parameters would have done, where a shadow runs. */
  readonly shadow: {
    readonly blockBytes: Bytes;
    readonly counts: Readonly<Record<DecisionKind, number>>;
  } | null;
}

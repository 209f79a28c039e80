/** What the regulator needs of the runtime, and no more: so that a made-up runtime can take its place. */

import type { LedgerHeader } from '../budget/header.ts';
import type { Ledger } from '../budget/ledger.ts';
import type { Cleanup } from '../coordinator/cleanup.ts';
import type { Coordinator } from '../coordinator/coordinator.ts';
import type { Loans } from '../coordinator/loans.ts';
import type { RowReader } from '../coordinator/row-reader.ts';
import type { CpuLoad } from '../machine/cpu-load.ts';
import type { Admission } from './admission.ts';

/** Of the coordinator: what shards hold and used, and how they are made to free it. */
export interface RegulatedMemory extends Pick<Coordinator, 'drain' | 'critical' | 'scarce'> {
  readonly rows: Pick<
    RowReader,
    | 'live'
    | 'idle'
    | 'idleKib'
    | 'tierKib'
    | 'processedBytes'
    | 'longestBlockBytes'
    | 'requests'
    | 'allocatedKib'
  >;
  readonly loans: Pick<Loans, 'bytes'>;
  readonly cleanup: Pick<Cleanup, 'takeUse' | 'clear' | 'lowerQuota' | 'refill' | 'keptKib'>;
}

/** The word for the block size, and the charges. */
export interface RegulatedLedger extends Pick<Ledger, 'limitKib' | 'sumKib' | 'chargedKib'> {
  readonly header: Pick<LedgerHeader, 'blockBytes'>;
}

export type RegulatedAdmission = Pick<Admission, 'hold'>;

export type RegulatedLoad = Pick<
  CpuLoad,
  'share' | 'cpuSeconds' | 'busySeconds' | 'sample' | 'snapshot' | 'forget' | 'restart'
>;

/** What was measured, and where emergencies are recorded. */
export interface RegulatedTotals {
  /** Nanoseconds, of requests that did not hit in the last whole interval; null when there were none. */
  intervalP99(): number | null;
  /** An emergency ended so many nanoseconds after it began. */
  recovered(nanoseconds: number): void;
}

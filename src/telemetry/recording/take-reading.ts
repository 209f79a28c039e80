/**
 * Reads what an interval of a recording shows: the ledger's rows, the regulator and the tasks. Main thread.
 */
import { MAIN_ROW } from '../../budget/layout.ts';
import type { Ledger } from '../../budget/ledger.ts';
import { KiB } from '../../bytes.ts';
import type { RowReader } from '../../coordinator/row-reader.ts';
import { CAUSES } from '../../pool/causes.ts';
import { TIER_NAMES, type TierName } from '../../pool/tiers.ts';
import type { Regulator } from '../../regulation/regulator.ts';
import type { RefusedRuns } from '../queue-snapshot.ts';
import type { JobCounts, TaskCounts } from '../task-end.ts';
import { heldByTier } from '../tier-snapshot.ts';
import type { Reading } from './recording.ts';

interface ReadingSources {
  readonly ledger: Ledger;
  readonly rows: RowReader;
  readonly regulator: Regulator;
  readonly tasks: { readonly counts: TaskCounts; readonly byJob: readonly JobCounts[] };
  readonly queue: { readonly refusals: RefusedRuns };
}

export function takeReading({ ledger, rows, regulator, tasks, queue }: ReadingSources): Reading {
  const live = rows.live();
  const { level, rssBytes } = regulator.pressure;
  const held = heldByTier(rows, live);
  const tiers = Object.fromEntries(
    TIER_NAMES.map((name) => [name, [held[name].usedBytes, held[name].availableBytes]]),
  ) as unknown as Record<TierName, readonly [number, number]>;
  return {
    moment: {
      budget: { usedBytes: (ledger.sumKib() ?? 0) * KiB, peakBytes: ledger.peakKib * KiB },
      tiers,
      shards: live.map((row) => ({
        shard: row - MAIN_ROW,
        chargedBytes: ledger.chargedKib(row) * KiB,
        idleBytes: rows.idleKib(row) * KiB,
      })),
      pressure: level,
      rssBytes,
      blockBytes: regulator.block.bytes,
    },
    served: CAUSES.flatMap((_, cause) =>
      TIER_NAMES.map((_, tier) => rows.total(live, (counters) => counters.served(cause, tier))),
    ),
    tasks: tasks.counts,
    jobs: tasks.byJob.map(([, counts]) => counts),
    refused: queue.refusals,
    processedBytes: new Map(live.map((row) => [row - MAIN_ROW, ledger.row(row).counters.processedBytes])),
  };
}

/** What one look of the regulator reads, once. */
import { MAIN_ROW } from '../budget/layout.ts';
import { type Bytes, KiB } from '../bytes.ts';
import { POOLED_TIERS, TIER_NAMES } from '../pool/tiers.ts';
import type { RegulatedLedger, RegulatedLoad, RegulatedMemory } from './ports.ts';

export interface Observation {
  readonly atMs: number;
  readonly usedKib: number;
  /** Of all shards, by tier. */
  readonly idleByTier: readonly Bytes[];
  readonly idleBytes: Bytes;
  /** Of the budget, what the main thread holds beside loans. */
  readonly outsideShare: number;
  readonly allocatedByTier: readonly Bytes[];
  readonly processedBytes: number;
  readonly cpuSeconds: number;
}

interface Observed {
  readonly ledger: RegulatedLedger;
  readonly coordinator: RegulatedMemory;
  readonly load: RegulatedLoad;
}

/** `before` is the last one: its sum stands where charges move all the time. */
export function observe(
  { ledger, coordinator, load }: Observed,
  atMs: number,
  before?: Observation,
): Observation {
  const { rows, loans } = coordinator;
  const live = rows.live();
  const idleByTier = [0, 0, 0];
  for (const row of live) {
    for (let tier = 0; tier < POOLED_TIERS; tier++) {
      idleByTier[tier] += rows.idle(row, tier) * rows.tierKib(tier) * KiB;
    }
  }
  const mainKib = ledger.chargedKib(MAIN_ROW) - rows.idleKib(MAIN_ROW) - loans.bytes / KiB;
  return {
    atMs,
    usedKib: ledger.sumKib() ?? before?.usedKib ?? 0,
    idleByTier,
    idleBytes: idleByTier.reduce((sum, bytes) => sum + bytes, 0),
    outsideShare: mainKib / ledger.limitKib,
    allocatedByTier: TIER_NAMES.map((_, tier) => rows.allocatedKib(live, tier) * KiB),
    processedBytes: rows.processedBytes(live),
    cpuSeconds: load.cpuSeconds,
  };
}

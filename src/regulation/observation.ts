/** What one look of the regulator reads, once. */
import { MAIN_ROW } from '../budget/layout.ts';
import { type Bytes, KiB } from '../bytes.ts';
import { CAUSES, FRESH, REFUSED, WAITED } from '../pool/causes.ts';
import { POOLED_TIERS, TIER_NAMES } from '../pool/tiers.ts';
import type { RegulatedLedger, RegulatedLoad, RegulatedMemory } from './ports.ts';

/** Memory was not there: larger blocks do not help. */
const WAITING: readonly number[] = [WAITED, REFUSED];
const SERVED_AT_ONCE = [...CAUSES.keys()].filter((cause) => !WAITING.includes(cause));

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
  /** Of the longest block that any job would work in; null where none has said. */
  readonly longestBlockBytes: Bytes | null;
  readonly cpuSeconds: number;
  /** Of worker threads since the start: busy, in requests that did not wait, and in those that did. */
  readonly busySeconds: number;
  readonly acquireSeconds: number;
  readonly waitSeconds: number;
  /** Of those that did not wait, in allocating from the system. */
  readonly freshSeconds: number;
}

interface Observed {
  /** What reading the clock takes, which each latency includes. */
  readonly readNanoseconds: number;
  readonly ledger: RegulatedLedger;
  readonly coordinator: RegulatedMemory;
  readonly load: RegulatedLoad;
}

/** `before` is the last one: its sum stands where charges move all the time. */
export function observe(
  { ledger, coordinator, load, readNanoseconds }: Observed,
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
  const requests = rows.requests(live);
  const seconds = (causes: readonly number[]): number =>
    causes.reduce((sum, cause) => {
      const { count, nanoseconds } = requests[cause];
      return sum + Math.max(0, nanoseconds - count * readNanoseconds) / 1e9;
    }, 0);
  const mainKib = ledger.chargedKib(MAIN_ROW) - rows.idleKib(MAIN_ROW) - loans.bytes / KiB;
  return {
    atMs,
    usedKib: ledger.sumKib() ?? before?.usedKib ?? 0,
    idleByTier,
    idleBytes: idleByTier.reduce((sum, bytes) => sum + bytes, 0),
    outsideShare: mainKib / ledger.limitKib,
    allocatedByTier: TIER_NAMES.map((_, tier) => rows.allocatedKib(live, tier) * KiB),
    processedBytes: rows.processedBytes(live),
    longestBlockBytes: rows.longestBlockBytes(live),
    cpuSeconds: load.cpuSeconds,
    busySeconds: load.busySeconds,
    acquireSeconds: seconds(SERVED_AT_ONCE),
    waitSeconds: seconds(WAITING),
    freshSeconds: seconds([FRESH]),
  };
}

/**
 * The names of the shared words. One header, then one row per shard: 32-bit words for state, then 64-bit
 * floats for counters that only the row's own thread writes (plain stores: whole numbers up to 2^53).
 */
import { CAUSES } from '../pool/causes.ts';
import { LIST_WORDS } from '../pool/free-list.ts';
import { POOLED_TIERS, TIER_NAMES } from '../pool/tiers.ts';

// Header. Who writes: main at start, unless said.
/** KiB that all rows together may reach. */
export const BUDGET = 0;
/** Odd while the coordinator moves charges between rows; coordinator only. */
export const MOVES = 1;
/** Changes when memory may have come free; any thread. */
export const WAKE = 2;
/** Changes when a shard starts to starve; any thread. The coordinator waits on it. */
export const STARVED = 3;
/** KiB that the neediest starving shard asked for: others free what helps. Raised by any thread, set by the coordinator. */
export const HUNGER = 4;
/** KiB, the largest sum that a successful reservation accepted; any thread, by compare-and-exchange. */
export const PEAK = 5;
/** Bytes of a block now; coordinator only. */
export const BLOCK = 6;
/** 1 while memory is critical: requests over the largest tier wait; coordinator only. */
export const CRITICAL = 7;
/** Changes when threads should soon tell what they recorded; a hint. */
export const TELL = 8;
const HEADER_WORDS = 64;

/** The row of the thread that created the ledger, where the coordinator runs. */
export const MAIN_ROW = 0;

// Row words, relative to the row.
/** KiB charged to the shard. Its own thread and the coordinator add and subtract. */
export const CHARGED = 0;
/** `FREE`, or the thread id of the owner plus one. Claimed by the worker, freed by the coordinator after its death. */
export const OWNER = 1;
export const FREE = 0;
/** 1 when the mailbox holds something: set by the coordinator after it posted, cleared by the owner before it reads. */
export const MAIL = 2;
/** The task that the worker was told to stop, 0 for none; written by the coordinator. */
export const CANCEL = 3;
/** Progress of the running task in thousandths; owner. */
export const PROGRESS = 4;
/** KiB that the shard starves for, 0 when it does not; owner. */
export const STARVING = 5;
/** The tier it starves for; owner. */
export const STARVING_TIER = 6;
/** `LIST_WORDS` a tier, what its free list publishes; owner, and the coordinator where it resets marks. */
export const LISTS = 7;
/** One word a tier: quota in force; owner. */
export const QUOTA = LISTS + POOLED_TIERS * LIST_WORDS;
/** 1 while the row's task has declared its need, which the budget holds for it; main, before the task is posted. */
export const DECLARED = QUOTA + POOLED_TIERS;
/** Two cache lines, so that neighbours never share one. */
export const ROW_WORDS = 32;

// Row counters, relative to the row's counters.
/** Requests by cause and tier: `SERVED + cause * TIERS + tier`. */
export const SERVED = 0;
export const TIERS = TIER_NAMES.length;
/** Leases ended, by tier of the request. */
export const RELEASES = SERVED + CAUSES.length * TIERS;
/** Buffers freed because the free list was at its quota, by tier. */
export const OVERFLOWS = RELEASES + TIERS;
/** Leases that a task forgot. */
export const LEAKS = OVERFLOWS + TIERS;
/** Buffers in quarantine ever. */
export const QUARANTINED = LEAKS + 1;
/** KiB in the thread's own hands, by tier: idle, leased or in quarantine. No count of events: it falls, too. */
export const HELD = QUARANTINED + 1;
/** Buffers allocated, by tier. */
export const ALLOCATIONS = HELD + TIERS;
/** KiB allocated and freed, by tier. */
export const ALLOCATED = ALLOCATIONS + TIERS;
export const FREED = ALLOCATED + TIERS;
/** Bytes of audio that jobs reported as processed. */
export const PROCESSED = FREED + TIERS;
/** Leases of another thread that ended here. */
export const FOREIGN = PROCESSED + 1;
export const COUNTERS = 64;

const ROW_BYTES = ROW_WORDS * 4 + COUNTERS * 8;

export function ledgerBytes(rows: number): number {
  return HEADER_WORDS * 4 + rows * ROW_BYTES;
}

/** Index of the row's first word. */
export function rowWord(row: number): number {
  return HEADER_WORDS + (row * ROW_BYTES) / 4;
}

/** Index of one of the words that the free list of a tier publishes. */
export function listWord(row: number, tier: number, word: number): number {
  return rowWord(row) + LISTS + tier * LIST_WORDS + word;
}

/** Byte offset of the row's first counter. */
export function rowCountersOffset(row: number): number {
  return rowWord(row) * 4 + ROW_WORDS * 4;
}

export function rowsIn(bytes: number): number {
  return Math.floor((bytes - HEADER_WORDS * 4) / ROW_BYTES);
}

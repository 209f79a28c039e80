/**
 * Where each shared word and counter is. One header, then one row per shard: 32-bit words for state, then
 * 64-bit floats for counters that only the row's own thread writes (plain stores: whole numbers up to 2^53).
 *
 * Who may read and write one, and how, is said by its accessor in `header.ts`, `row.ts`, `counters.ts` and
 * `counting.ts`; charges, owners, moves and the peak are the ledger's own. Outside of this folder nobody
 * needs an index.
 */
import { CAUSES } from '../pool/causes.ts';
import { LIST_WORDS } from '../pool/free-list.ts';
import { POOLED_TIERS, TIER_NAMES } from '../pool/tiers.ts';

// Header.
/** KiB that all rows together may reach; written by main at the start. */
export const BUDGET = 0;
/** Odd while the coordinator moves charges between rows; coordinator only. */
export const MOVES = 1;
/** Changes when memory may have come free; any thread. */
export const WAKE = 2;
export const STARVED = 3;
/** KiB. */
export const HUNGER = 4;
/** KiB, the largest sum that a successful reservation accepted; any thread, by compare-and-exchange. */
export const PEAK = 5;
/** Bytes. */
export const BLOCK = 6;
/** 1 or 0. */
export const CRITICAL = 7;
export const TELL = 8;
/** The turn that was drawn last; any thread. */
export const TURNS = 9;
const HEADER_WORDS = 64;

/** The row of the thread that created the ledger, where the coordinator runs. */
export const MAIN_ROW = 0;

// Row words, relative to the row.
/** KiB charged to the shard. Its own thread and the coordinator add and subtract. */
export const CHARGED = 0;
/** `FREE`, or the owner's thread id plus one. Claimed by the worker, freed after its death. */
export const OWNER = 1;
export const FREE = 0;
/** 1 or 0. */
export const MAIL = 2;
/** Changes with each task that is cancelled. */
export const CANCELS = 3;
/** Thousandths. */
export const PROGRESS = 4;
/** KiB. */
export const STARVING = 5;
export const STARVING_TIER = 6;
/** `LIST_WORDS` a tier, what its free list publishes. */
export const LISTS = 7;
/** One word a tier. */
export const QUOTA = LISTS + POOLED_TIERS * LIST_WORDS;
/** 1 or 0. */
export const DECLARED = QUOTA + POOLED_TIERS;
/** KiB. */
export const REFUSED_AT = DECLARED + 1;
/** Bytes. */
export const LONGEST_BLOCK = REFUSED_AT + 1;
/** Messages, in 32 bits. */
export const MAIL_READ = LONGEST_BLOCK + 1;
/** Number of the task that began last, 0 for none. */
export const BEGUN = MAIL_READ + 1;
/** Nanoseconds, saturated. */
export const LONGEST_TASK = BEGUN + 1;
/** How many values of its task may be unread; 0 where nobody reads them. */
export const MOST_UNREAD = LONGEST_TASK + 1;
export const EMITTED = MOST_UNREAD + 1;
export const READ = EMITTED + 1;
/** Of the request that the row shows as starving; 0 for none. */
export const TURN = READ + 1;
/** 1 or 0. */
export const POSTING = TURN + 1;
/** Three cache lines, so that neighbours never share one. */
export const ROW_WORDS = 48;

// Row counters, relative to the row's counters.
/** By cause and tier: `SERVED + cause * TIERS + tier`. */
export const SERVED = 0;
export const TIERS = TIER_NAMES.length;
/** These are by tier where they are as many as tiers. */
export const RELEASES = SERVED + CAUSES.length * TIERS;
export const OVERFLOWS = RELEASES + TIERS;
export const LEAKS = OVERFLOWS + TIERS;
export const QUARANTINED = LEAKS + 1;
export const HELD = QUARANTINED + 1;
export const ALLOCATIONS = HELD + TIERS;
export const ALLOCATED = ALLOCATIONS + TIERS;
export const FREED = ALLOCATED + TIERS;
export const PROCESSED = FREED + TIERS;
export const FOREIGN = PROCESSED + 1;
/** By cause, nanoseconds. */
export const SPENT = FOREIGN + 1;
/** Whole cache lines. */
export const COUNTERS = 72;

const ROW_BYTES = ROW_WORDS * 4 + COUNTERS * 8;

export function ledgerBytes(rows: number): number {
  return HEADER_WORDS * 4 + rows * ROW_BYTES;
}

/** Index of the row's first word. */
export function rowWord(row: number): number {
  return HEADER_WORDS + (row * ROW_BYTES) / 4;
}

/** Byte offset of the row's first counter. */
export function rowCountersOffset(row: number): number {
  return rowWord(row) * 4 + ROW_WORDS * 4;
}

export function rowsIn(bytes: number): number {
  return Math.floor((bytes - HEADER_WORDS * 4) / ROW_BYTES);
}

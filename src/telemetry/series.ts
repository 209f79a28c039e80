/**
 * What threads record, by key: one small number says what a value is. Pure.
 *
 * Requests come first, `cause * 4 + tier`, with the nanoseconds they took; then lifetimes of leases by tier,
 * pauses of the collector by kind and recoveries from emergencies, in nanoseconds too; then sizes by tier, in
 * bytes, which ride along with each request. Last comes how long tasks waited and ran, in nanoseconds.
 */
import { GiB } from '../bytes.ts';
import { CAUSES } from '../pool/causes.ts';
import { TIER_NAMES } from '../pool/tiers.ts';
import type { Range } from './hdr.ts';

export const GC_KINDS = ['minor', 'major', 'incremental', 'weak'] as const;
export type GcKind = (typeof GC_KINDS)[number];

export const TIERS = TIER_NAMES.length;
/** The first key of a request that did not hit. */
export const SLOW = TIERS;
export const LIFETIMES = CAUSES.length * TIERS;
export const PAUSES = LIFETIMES + TIERS;
export const RECOVERIES = PAUSES + GC_KINDS.length;
export const SIZES = RECOVERIES + 1;
export const SERIES = SIZES + TIERS;
export const QUEUE = SERIES;
export const SERVICE = QUEUE + 1;
export const KEYS = SERVICE + 1;

export const FAMILIES = ['latency', 'lifetimes', 'gc', 'recovery', 'sizes'] as const;
export type Family = (typeof FAMILIES)[number];

interface Bounds extends Range {
  readonly family: number;
  readonly lowest: number;
}

/**
 * 60 s: longer waits are clamped to this. A clock too coarse for the step reads 0, which is taken for 1 ns.
 */
const LATENCY: Bounds = { family: 0, lowest: 1, unit: 1, highest: 60e9 };
/** A day. */
const LIFETIME: Bounds = { family: 1, lowest: 1, unit: 1, highest: 24 * 3600e9 };
/**
 * In microseconds, about: there may be one for each of a thousand shards and kinds, and this takes a third of
 * the memory.
 */
const PAUSE: Bounds = { family: 2, lowest: 1, unit: 1000, highest: 60e9 };
const RECOVERY: Bounds = { ...LIFETIME, family: 3 };
/** Tasks wait and run for as long as leases live. */
const TASK: Bounds = LIFETIME;
/** As much as a budget may be. */
const SIZE: Bounds = { family: 4, lowest: 0, unit: 1, highest: 1024 * GiB };

/** By key. */
export const BOUNDS: readonly Bounds[] = [
  ...Array(LIFETIMES).fill(LATENCY),
  ...Array(PAUSES - LIFETIMES).fill(LIFETIME),
  ...Array(RECOVERIES - PAUSES).fill(PAUSE),
  RECOVERY,
  ...Array(SERIES - SIZES).fill(SIZE),
  ...Array(KEYS - SERIES).fill(TASK),
];

/** Keeps sums of weights far from 2^53, where doubles stop counting. */
export const HIGHEST_WEIGHT = 2 ** 32;

export function isRequest(key: number): boolean {
  return key < LIFETIMES;
}

export function isPause(key: number): boolean {
  return key >= PAUSES && key < RECOVERIES;
}

export function isTaskTime(key: number): boolean {
  return key >= QUEUE;
}

/** Rounds into `[lowest, highest]`; what is not a number becomes the lowest. */
export function roundedInto(value: number, lowest: number, highest: number): number {
  if (!(value > lowest)) return lowest;
  return value < highest ? Math.round(value) : highest;
}

/**
 * One snapshot of several runtimes that share a queue and a budget. Pure. Counts, bytes and seconds of CPU
 * are sums, and exact; the largest value is the largest of all, and exact. Percentiles are the largest of
 * the runtimes', which those of all together do not exceed; means and shares weigh all that have any alike,
 * but for the mean of a distribution, which is exact. Shards are numbered on from one runtime to the next.
 */
import { PRESSURE_LEVELS } from '../regulation/pressure.ts';
import type { Snapshot } from '../telemetry/snapshot.ts';

/** Numbers that are no parts of a whole: the largest counts. */
const LARGEST =
  /^(?:p50|p90|p99|p999|max|uptimeSeconds|oldestSeconds|standstillSeconds|silentSeconds|heldSeconds)$/;
/** Of the machine, or settings that all have alike. */
const LARGEST_IN = /^(?:system|block|secondsAtLevel)$/;
/** Shares and the like. */
const MEAN = /(?:Rate|utilization|efficiency|poolTurnover|regret)$/;
/** Of each runtime the same, or only one is shown. */
const FIRST = /^(?:limit|weight|shadow|decision)$/;

type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };
type JsonObject = Readonly<Record<string, Json>>;

/** @param snapshots one or more */
export function mergeSnapshots(snapshots: readonly Snapshot[]): Snapshot {
  if (snapshots.length === 1) return snapshots[0];
  let offset = 0;
  const numbered = snapshots.map((snapshot) => {
    const own = withShardsFrom(offset, snapshot as unknown as Json, '');
    offset += Math.max(0, ...snapshot.shards.map(({ shard }) => shard + 1));
    return own as JsonObject;
  });
  return mergeObjects(numbered, '') as unknown as Snapshot;
}

/** Shards of other runtimes have the same numbers. */
function withShardsFrom(offset: number, part: Json, key: string): Json {
  if (typeof part === 'number') {
    return key === 'shard' || key === 'acquiredBy' || key === 'releasedBy' ? part + offset : part;
  }
  if (Array.isArray(part)) return part.map((inner) => withShardsFrom(offset, inner, ''));
  if (part === null || typeof part !== 'object') return part;
  return Object.fromEntries(
    Object.entries(part).map(([inner, value]) => [inner, withShardsFrom(offset, value, inner)]),
  );
}

function mergeObjects(all: readonly JsonObject[], of: string): JsonObject {
  const keys = new Set(all.flatMap((one) => Object.keys(one)));
  const merged: Record<string, Json> = {};
  for (const key of keys) {
    const values = all.flatMap((one) => (key in one ? [one[key]] : []));
    merged[key] = key === 'mean' ? meanOf(all) : merge(values, key, of);
  }
  return merged;
}

function merge(values: readonly Json[], key: string, of: string): Json {
  const [first] = values;
  const there = values.filter((value) => value !== null);
  if (there.length === 0 || FIRST.test(key)) return first;
  if (there.every((value) => Array.isArray(value))) return there.flat();
  if (there.every((value) => typeof value === 'boolean')) return there.includes(true);
  if (there.every((value) => typeof value === 'number')) return mergeNumbers(there, key, of);
  if (there.every((value) => typeof value === 'object')) return mergeObjects(there as JsonObject[], key);
  // The worst level of pressure comes last, by name.
  return key.toLowerCase().endsWith('level') ? worstLevel(there as string[]) : first;
}

function worstLevel(levels: readonly string[]): string {
  const order: readonly string[] = PRESSURE_LEVELS;
  return order[Math.max(...levels.map((level) => order.indexOf(level)))] ?? levels[0];
}

function mergeNumbers(values: readonly number[], key: string, of: string): number {
  const largest = Math.max(...values);
  if (LARGEST.test(key) || LARGEST_IN.test(of) || key.endsWith('Share') || key === 'cores') return largest;
  // What the machine has is the same for all.
  if (of === 'pressure' && key === 'limitBytes') return Math.min(...values);
  const sum = values.reduce((total, value) => total + value, 0);
  return MEAN.test(key) ? sum / values.length : sum;
}

/** Of a distribution, whose counts are the weights. */
function meanOf(all: readonly JsonObject[]): number {
  const count = all.reduce((total, one) => total + (one.count as number), 0);
  const sum = all.reduce((total, one) => total + (one.mean as number) * (one.count as number), 0);
  return count === 0 ? 0 : sum / count;
}

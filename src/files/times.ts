/** When a file was last read and changed, as others take it over. */
import { type BigIntStats, statSync } from 'node:fs';
import { systemPath } from './byte-paths.ts';

/** Seconds, as the system takes them. */
export interface FileTimes {
  readonly accessed: number;
  readonly changed: number;
}

/** Links followed. @throws what the system says */
export function timesOf(path: string): FileTimes {
  return timesFrom(statSync(systemPath(path), { bigint: true }));
}

export function timesFrom({ atimeNs, mtimeNs }: BigIntStats): FileTimes {
  return { accessed: secondsOf(atimeNs), changed: secondsOf(mtimeNs) };
}

/** Not exact to the nanosecond: up to two microseconds late, and never early. */
function secondsOf(ns: bigint): number {
  return Number(ns) / 1e9 + 1e-6;
}

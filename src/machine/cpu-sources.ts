/**
 * Where CPU loads are read from: this process, its threads, the machine. The thread that samples; nothing
 * blocks.
 */
import { cpus } from 'node:os';
import { performance } from 'node:perf_hooks';
import type { Worker } from 'node:worker_threads';
import { nowMs } from '../timers.ts';
import { readText } from './cgroup.ts';
import { readCores } from './cores.ts';
import { parseStat } from './proc-stat.ts';
import { readThreadTimes, type ThreadTimes } from './thread-times.ts';

/** All may throw: what can't be read is left out. */
export interface CpuSources {
  /** Milliseconds, monotonic. */
  now(): number;
  /** Seconds of user and system time since the process started. */
  processCpu(): number;
  /** Of all cores since the machine started; null where it does not tell. */
  systemCpu(): { busySeconds: number; totalSeconds: number } | null;
  /** How long each thread ran and waited for a core; null where the scheduler does not tell. */
  threadTimes(): readonly ThreadTimes[] | null;
  /** Cores that the process may use, such as 1.5. */
  cores(): number;
}

/**
 * One thread. The same object, or one that reads the same thread, as long as `CpuLoad` was not told to forget
 * its shard.
 */
export interface ThreadSource {
  readonly shard: number;
  /** Milliseconds since its event loop started; null before that. */
  eventLoop(): { active: number; idle: number } | null;
  /**
   * Seconds of CPU time since the thread started, now or once it can answer; null where Node does not tell.
   */
  cpu?(): number | Promise<number> | null;
}

const MICROSECONDS_PER_SECOND = 1e6;
/** A container's quota can be changed while we run, but nobody changes it each second. */
const CORES_EVERY_MS = 10_000;

let cores = { count: 0, readMs: Number.NEGATIVE_INFINITY };

export const realSources: CpuSources = {
  now: nowMs,
  processCpu: () => seconds(process.cpuUsage()),
  systemCpu: () => {
    if (process.platform !== 'linux') return addUp(cpus());
    const stat = readText('/proc/stat');
    return stat === null ? null : parseStat(stat);
  },
  threadTimes: () => (process.platform === 'linux' ? readThreadTimes(nowMs) : null),
  cores: () => {
    const readMs = nowMs();
    if (readMs - cores.readMs >= CORES_EVERY_MS) cores = { count: readCores(), readMs };
    return cores.count;
  },
};

/** A worker seen from the thread that started it. `cpuUsage()` came with Node 24.6. */
export function threadSource(worker: Worker, shard: number): ThreadSource {
  return {
    shard,
    eventLoop: () => started(worker.performance.eventLoopUtilization()),
    cpu: () => (typeof worker.cpuUsage === 'function' ? worker.cpuUsage().then(seconds) : null),
  };
}

/** The thread that calls it, as shard 0. */
export function mainThreadSource(): ThreadSource {
  return {
    shard: 0,
    eventLoop: () => started(performance.eventLoopUtilization()),
    cpu: () => (typeof process.threadCpuUsage === 'function' ? seconds(process.threadCpuUsage()) : null),
  };
}

function addUp(list: ReturnType<typeof cpus>): { busySeconds: number; totalSeconds: number } | null {
  let [busy, idle] = [0, 0];
  for (const { times } of list) {
    busy += times.user + times.nice + times.sys + times.irq;
    idle += times.idle;
  }
  return busy + idle > 0 ? { busySeconds: busy / 1000, totalSeconds: (busy + idle) / 1000 } : null;
}

/** A loop that has not started yet, or has ended, shows zeros. */
function started(utilization: { active: number; idle: number }): { active: number; idle: number } | null {
  return utilization.active + utilization.idle > 0 ? utilization : null;
}

function seconds({ user, system }: { user: number; system: number }): number {
  return (user + system) / MICROSECONDS_PER_SECOND;
}

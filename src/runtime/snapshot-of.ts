/** What a runtime's parts show of it. Main thread; holds nothing. */
import { CpuLoad } from '../machine/cpu-load.ts';
import { readProcessMemory } from '../machine/process-memory.ts';
import type { Snapshot } from '../telemetry/snapshot.ts';
import { takeSnapshot } from '../telemetry/take-snapshot.ts';
import { nowMs, setTimeout } from '../timers.ts';
import { type RuntimeOptions, type RuntimeSettings, resolveRuntimeOptions } from './options.ts';
import { type RuntimeParts, wireStill } from './wire-runtime.ts';

export function snapshotOf(parts: RuntimeParts, { threads, health }: RuntimeSettings): Snapshot {
  const { ledger, coordinator, regulator, observer, tasks, waiting, workers, heartbeat } = parts;
  heartbeat.refresh();
  observer.publish();
  const now = nowMs();
  return takeSnapshot({
    threads,
    uptimeSeconds: (now - parts.startedMs) / 1000,
    nowMs: now,
    ledger,
    coordinator,
    regulator,
    totals: observer.totals,
    rates: observer.rates,
    tasks: {
      ...tasks.counts,
      ...tasks.standing(now),
      lostThreads: tasks.broken ? threads : workers.lostThreads,
    },
    jobs: tasks.byJob,
    queue: waiting.snapshot(),
    health,
  });
}

/**
 * What a runtime of these options shows of itself before it has done anything. No thread is started, and
 * nothing is recorded.
 * @throws MillpondError `ERR_INVALID_ARGUMENT`, `ERR_BUDGET_TOO_SMALL`
 */
export function snapshotBeforeStart(options: Omit<RuntimeOptions, 'record'>): Snapshot {
  const settings = resolveRuntimeOptions(options as RuntimeOptions);
  const parts = wireStill(settings, {
    now: nowMs,
    load: new CpuLoad(),
    readMemory: readProcessMemory,
    startTimer: setTimeout,
    free() {},
    failed() {},
  });
  const snapshot = snapshotOf(parts, settings);
  parts.observer.stop();
  return snapshot;
}

/** What a host's policy is told of its runner and its machine, looked at now and then. */
import { availableParallelism } from 'node:os';
import type { Snapshot } from '../telemetry/snapshot.ts';
import type { HostLoad } from './host-policy.ts';

type RunnerLoad = Pick<
  HostLoad,
  'threads' | 'pressure' | 'emergency' | 'lostThreads' | 'stuckMs' | 'othersShare'
>;

/** A snapshot takes a millisecond, and a host asks for each file. */
const LOOK_MS = 250;

export function runnerLoad(
  runner: { readonly threads: number; snapshot(): Snapshot },
  nowMs: () => number,
): () => RunnerLoad {
  let seenMs = Number.NEGATIVE_INFINITY;
  let load: RunnerLoad | null = null;
  let ranMs = nowMs();
  return () => {
    if (load === null || nowMs() - seenMs >= LOOK_MS) {
      const { pressure, tasks, cpu } = runner.snapshot();
      if (tasks.running > 0 || tasks.queued === 0) ranMs = nowMs();
      load = {
        stuckMs: nowMs() - ranMs,
        threads: runner.threads,
        pressure: pressure.level,
        emergency: pressure.emergency,
        lostThreads: tasks.lostThreads,
        othersShare: othersShare(cpu),
      };
      seenMs = nowMs();
    }
    return load;
  };
}

/** Of what the machine's cores do, what this host does not. */
function othersShare({ cores, process, system }: Snapshot['cpu']): number {
  if (system.smoothed === null || process.smoothed === null) return 0;
  const own = (process.smoothed * cores) / availableParallelism();
  return Math.max(0, Math.min(1, system.smoothed - own));
}

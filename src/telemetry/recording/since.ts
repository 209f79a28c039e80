/** What was counted since an interval began, of counts since the start. Pure. */
import { CAUSES } from '../../pool/causes.ts';
import { TIER_NAMES } from '../../pool/tiers.ts';
import { REFUSALS, type RefusedRuns } from '../queue-snapshot.ts';
import { TIERS } from '../series.ts';
import type { TaskCounts } from '../task-end.ts';
import type { IntervalLine } from './lines.ts';

export const NO_TASKS: TaskCounts = { queued: 0, running: 0, succeeded: 0, failed: 0, cancelled: 0, lost: 0 };

export function servedSince(before: readonly number[], now: readonly number[]): IntervalLine['served'] {
  const served: Record<string, number[]> = {};
  for (const [cause, name] of CAUSES.entries()) {
    const counts = TIER_NAMES.map((_, tier) => {
      const at = cause * TIERS + tier;
      return now[at] - (before[at] ?? 0);
    });
    if (counts.some((count) => count > 0)) served[name] = counts;
  }
  return served as IntervalLine['served'];
}

/** Only those that there were; nothing where there were none. */
export function refusedSince(before: RefusedRuns, now: RefusedRuns): IntervalLine['refusedRuns'] {
  const since = REFUSALS.map((why) => [why, now[why] - before[why]] as const).filter(([, runs]) => runs > 0);
  return since.length === 0 ? undefined : Object.fromEntries(since);
}

export function endedSince(before: TaskCounts, now: TaskCounts): TaskCounts {
  return {
    queued: now.queued,
    running: now.running,
    succeeded: now.succeeded - before.succeeded,
    failed: now.failed - before.failed,
    cancelled: now.cancelled - before.cancelled,
    lost: now.lost - before.lost,
  };
}

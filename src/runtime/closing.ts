/**
 * How a runtime ends its tasks and threads: cooperatively, and by a deadline. Only where a job says that it
 * is pure JavaScript is its thread ended in the middle of it. Any other that runs a task or loads its file
 * may be inside native code, and ending it there can abort the process: it is left, named, and ends when it
 * can.
 */
import type { Ledger } from '../budget/ledger.ts';
import { type Bytes, KiB } from '../bytes.ts';
import type { Loans } from '../coordinator/loans.ts';
import { nowMs } from '../timers.ts';
import type { Deadline } from './deadline.ts';
import type { LeftThread } from './runner.ts';
import { closedOver } from './task-errors.ts';
import type { Tasks } from './tasks.ts';
import type { WorkerPool } from './worker-pool.ts';

/** What `close` has where nobody says so, also where threads still load their files. */
export const CLOSE_MS = 30_000;
/** Jobs that look at their signal stop in this time, or in a fifth of what there is. */
const STOP_MS = 2000;
const STOP_SHARE = 0.2;
/** What comes after the last wait is to be over in time, too: for its first line, the log loads a library. */
const END_MS = 100;
const END_SHARE = 0.1;
/** So much is enough to end threads by force, on a busy machine too; or half of the time to stop in. */
const FORCE_MS = 500;
const FORCE_SHARE = 0.15;

interface ClosingParts {
  readonly tasks: Tasks;
  readonly workers: WorkerPool;
  readonly ledger: Ledger;
  readonly loans: Loans;
}

/**
 * Waits for the tasks as long as there is time, then cancels those that are left: they have the rest of it to
 * stop in. Returns how many never started.
 */
export async function endTasks({ tasks }: ClosingParts, deadline: Deadline): Promise<number> {
  if (await deadline.meets(tasks.settled(), stopMs)) return 0;
  const refused = tasks.counts.queued;
  tasks.stop((name) => closedOver(name, deadline.spanMs));
  return refused;
}

/** Ends the threads, and returns those that cannot be ended by the deadline. */
export async function endThreads(parts: ClosingParts, deadline: Deadline): Promise<LeftThread[]> {
  const { workers } = parts;
  const retired = workers.retireAll();
  if (!(await deadline.meets(retired, forceMs))) {
    workers.stopAll(new Error('it did not stop before its runtime closed'));
    await deadline.meets(retired, endMs);
  }
  workers.leave();
  return leftThreads(parts);
}

function leftThreads({ tasks, workers, ledger, loans }: ClosingParts): LeftThread[] {
  const running = new Map(tasks.running().map((task) => [task.member, task]));
  return [...workers.members].map((member) => {
    const task = running.get(member);
    const heldBytes: Bytes = member.row < 0 ? 0 : ledger.chargedKib(member.row) * KiB;
    return {
      shard: member.row,
      threadId: member.threadId,
      state: member.busy ? 'running' : member.ready ? 'silent' : 'starting',
      task: task?.name ?? null,
      ...(task?.job !== undefined && { job: task.job }),
      taskMs: task === undefined ? null : Math.round(nowMs() - task.startedMs),
      heldBytes,
      loanBytes: loans.bytesOf(member.row),
    };
  });
}

/** So long before the deadline tasks that are not over are cancelled. */
export function stopMs(spanMs: number): number {
  return Math.min(STOP_MS, spanMs * STOP_SHARE);
}

function forceMs(spanMs: number): number {
  return Math.min(FORCE_MS, spanMs * FORCE_SHARE);
}

function endMs(spanMs: number): number {
  return Math.min(END_MS, spanMs * END_SHARE);
}

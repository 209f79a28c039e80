/** A task that was accepted, as the queue keeps it. Main thread. */
import { AsyncLocalStorage } from 'node:async_hooks';
import type { Ledger } from '../budget/ledger.ts';
import type { Task } from '../messages/tasks.ts';
import type { Member } from './member.ts';
import type { RunOptions } from './runner.ts';
import { defaultName } from './task-names.ts';
import { type Queued, UNPLACED } from './tenant.ts';

/** Who reads what a task emits. */
export interface ValueReader {
  /** How many values may be unread, 1 or more. */
  readonly mostUnread: number;
  /** Takes a value; calls `read` once when it is read. */
  take(value: unknown, read: () => void): void;
}

export interface Entry extends Queued {
  task: Task;
  readonly name: string;
  /** It may share a message with others: it declares nothing and reports to nobody. */
  light: boolean;
  /** In the async context of its caller. */
  readonly onProgress: RunOptions['onProgress'];
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: unknown) => void;
  member: Member | null;
  /** When it was posted to its worker; null before. */
  startedMs: number | null;
  progress: number;
  /** How long it may run, from `startedMs` on; undefined for as long as it takes. */
  readonly timeoutMs: number | undefined;
  /** Whether it has run for longer, and what was done: it was asked to stop, or parted from its thread. */
  limit: 'kept' | 'over' | 'stopped';
  /** When it was asked to stop; 0 before. */
  toldMs: number;
  readonly reader: ValueReader | undefined;
  /** It never began, and what it brought is here again. */
  back: boolean;
  /** How many of its values have arrived. */
  values: number;
  /** The caller was answered; what comes back is only accounted for. */
  answered: boolean;
  unlisten: () => void;
}

/** To be called in the caller's async context. */
export function newEntry(
  task: Task,
  { name, onProgress, tenant = '', priority = 0, timeoutMs }: RunOptions,
  accepted: Pick<Entry, 'needKib' | 'broughtKib' | 'light' | 'acceptedMs' | 'reader' | 'resolve' | 'reject'>,
): Entry {
  // Field by field: spreads would cost as much as all else of it.
  return {
    task,
    name: name ?? defaultName(task.task),
    light: accepted.light,
    needKib: accepted.needKib,
    broughtKib: accepted.broughtKib,
    acceptedMs: accepted.acceptedMs,
    tenant,
    priority,
    at: UNPLACED.at,
    order: UNPLACED.order,
    key: UNPLACED.key,
    taken: UNPLACED.taken,
    takenMs: UNPLACED.takenMs,
    guessMs: UNPLACED.guessMs,
    onProgress: onProgress && AsyncLocalStorage.bind(onProgress),
    resolve: accepted.resolve,
    reject: accepted.reject,
    member: null,
    startedMs: null,
    progress: -1,
    timeoutMs,
    limit: 'kept',
    toldMs: 0,
    reader: accepted.reader,
    back: false,
    values: 0,
    answered: false,
    unlisten: () => {},
  };
}

/** Tells of the signal's abort until the entry is answered. */
export function listen(entry: Entry, signal: AbortSignal, aborted: () => void): void {
  signal.addEventListener('abort', aborted, { once: true });
  entry.unlisten = () => signal.removeEventListener('abort', aborted);
}

/** Tells of a running task's progress, if that has changed. @throws what its caller threw */
export function tellProgress(entry: Entry, ledger: Ledger): void {
  const { onProgress, member } = entry;
  if (onProgress === undefined || member === null || entry.answered) return;
  const progress = ledger.row(member.row).progressThousandths / 1000;
  if (progress === entry.progress) return;
  entry.progress = progress;
  onProgress(progress);
}

/** What stands still. */
export interface Standing {
  /** That the task which runs longest has run; 0 where none runs. */
  readonly oldestSeconds: number;
  /** Since something moved, while tasks wait; 0 where none waits. */
  readonly standstillSeconds: number;
}

/** `running` in the order in which they began. */
export function standing(
  queue: { readonly size: number },
  running: ReadonlySet<Entry>,
  movedMs: number,
  nowMs: number,
): Standing {
  const [oldest] = running;
  return {
    oldestSeconds: oldest === undefined ? 0 : (nowMs - oldest.startedMs!) / 1000,
    standstillSeconds: queue.size === 0 ? 0 : (nowMs - movedMs) / 1000,
  };
}

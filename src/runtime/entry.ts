/** A task that was accepted, as the queue keeps it. Main thread. */
import { AsyncLocalStorage } from 'node:async_hooks';
import type { Task } from '../messages/tasks.ts';
import type { Member } from './member.ts';
import type { RunOptions } from './runner.ts';
import { defaultName } from './task-names.ts';

export interface Entry {
  task: Task;
  readonly name: string;
  readonly needKib: number;
  /** It may share a message with others: it brings nothing, declares nothing and reports to nobody. */
  light: boolean;
  readonly acceptedMs: number;
  /** In the async context of its caller. */
  readonly onProgress: RunOptions['onProgress'];
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: unknown) => void;
  member: Member | null;
  /** When it was posted to its worker; null before. */
  startedMs: number | null;
  progress: number;
  /** The caller was answered; what comes back is only accounted for. */
  answered: boolean;
  unlisten: () => void;
}

/** To be called in the caller's async context. */
export function newEntry(
  task: Task,
  { name, onProgress }: RunOptions,
  accepted: Pick<Entry, 'needKib' | 'light' | 'acceptedMs' | 'resolve' | 'reject'>,
): Entry {
  return {
    task,
    name: name ?? defaultName(task.task),
    ...accepted,
    onProgress: onProgress && AsyncLocalStorage.bind(onProgress),
    member: null,
    startedMs: null,
    progress: -1,
    answered: false,
    unlisten: () => {},
  };
}

/** Tells of the signal's abort until the entry is answered. */
export function listen(entry: Entry, signal: AbortSignal, aborted: () => void): void {
  signal.addEventListener('abort', aborted, { once: true });
  entry.unlisten = () => signal.removeEventListener('abort', aborted);
}

/** What stands still. */
export interface Standing {
  /** That the task which runs longest has run; 0 where none runs. */
  readonly oldestSeconds: number;
  /** Since something moved, while tasks wait; 0 where none waits. */
  readonly standstillSeconds: number;
}

/** Of entries in the order in which they were accepted, or began. */
export function standing(
  queue: ReadonlySet<Entry>,
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

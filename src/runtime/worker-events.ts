/** What the worker pool tells of its members. Main thread. */
import type { Link } from '../coordinator/links.ts';
import type { MillpondError } from '../errors.ts';
import type { Answer, StrayError } from '../messages/asks.ts';
import type { Interval } from '../messages/interval.ts';
import type { Task, TaskResult } from '../messages/tasks.ts';
import type { Member } from './member.ts';

export interface WorkerPoolEvents {
  introduced(member: Member, link: Link): void;
  /** The worker answered the coordinator. */
  answered(member: Member, answer: Answer): void;
  /** The worker published what it recorded. */
  recorded(member: Member, interval: Interval): void;
  /** Code of a task that was over threw in the worker, which is retiring. */
  strayed(member: Member, stray: StrayError): void;
  /** The member can take a task now. */
  free(): void;
  /** What came of the next of the tasks that the member was given. */
  ended(member: Member, results: readonly TaskResult[]): void;
  /** What came of its next task cannot be read here. */
  unreadable(member: Member, error: Error): void;
  /** It cannot read the tasks that it was given. */
  unread(member: Member): void;
  /** These it was given and never began; what they brought is here again. The thread ends. */
  unbegun(member: Member, tasks: readonly Task[]): void;
  /** Of the tasks that it was given nothing more will come. */
  lost(member: Member, error: Error): void;
  /** The member's thread is about to be ended. Resolves when its shard has closed, or is gone. */
  retiring(member: Member): Promise<void>;
  /** The thread is gone, and with it everything that was in its ports. */
  gone(member: Member, exitCode: number): void;
  /** No worker can be started, or none can be used. */
  failed(error: MillpondError): void;
  /** One that was lost has come back. */
  recovered(): void;
}

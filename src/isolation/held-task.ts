/** A task that was accepted, as an isolated runner keeps it until it is over. */
import type { Entry } from '../runtime/entry.ts';
import type { TaskOutcome } from '../telemetry/task-end.ts';
import type { Cargo, GivenTask } from './messages.ts';
import type { RuntimeProcess } from './runtime-process.ts';

export interface Held {
  readonly entry: Entry;
  /** What it brought: for the first try, and for others. */
  readonly cargo: Cargo;
  readonly options: GivenTask['options'];
  /** The one that it was given to and that has not answered. */
  process: RuntimeProcess | null;
}

/** How a task is over. */
export interface Endings {
  /** No process has it, and none will; its caller is answered unless that was before. */
  succeed(held: Held, value: unknown): void;
  fail(held: Held, error: unknown, outcome?: TaskOutcome): void;
}

/** What tasks are called in logs and errors. Main thread. */

/** A task, to people. */
interface NamedTask {
  readonly task: string;
  /** Not there where the runtime has one. */
  readonly job?: string;
}

/** Of tasks that are over, for what they left behind. */
const MOST_NAMES = 1000;

export class TaskNames {
  /** Only those that do not follow from the numbers. */
  readonly #names = new Map<number, NamedTask>();

  /** Keeps the names of a task that is over and of its job. */
  remember(task: number, name: string, job: string | undefined): void {
    if (name === defaultName(task) && job === undefined) return;
    this.#names.set(task, { task: name, ...(job !== undefined && { job }) });
    if (this.#names.size <= MOST_NAMES) return;
    const [oldest] = this.#names.keys();
    this.#names.delete(oldest);
  }

  /** Of one of the last tasks that are over; else what it would be called without a name. */
  of(task: number): NamedTask {
    return this.#names.get(task) ?? { task: defaultName(task) };
  }
}

export function defaultName(task: number): string {
  return `task ${task}`;
}

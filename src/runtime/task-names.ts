/** What tasks are called in logs and errors. Main thread. */

/** Of tasks that are over, for what they left behind. */
const MOST_NAMES = 1000;

export class TaskNames {
  /** Only those that do not follow from the numbers. */
  readonly #names = new Map<number, string>();

  /** Keeps the name of a task that is over. */
  remember(task: number, name: string): void {
    if (name === defaultName(task)) return;
    this.#names.set(task, name);
    if (this.#names.size <= MOST_NAMES) return;
    const [oldest] = this.#names.keys();
    this.#names.delete(oldest);
  }

  /** Of one of the last tasks that are over; else what it would be called without a name. */
  of(task: number): string {
    return this.#names.get(task) ?? defaultName(task);
  }
}

export function defaultName(task: number): string {
  return `task ${task}`;
}

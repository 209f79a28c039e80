/** What a simulated thread has beside the leases of the task that runs. Owned by its job. */
import { KiB } from '../../src/bytes.ts';
import type { Crate, Task, TaskResult } from '../../src/messages/tasks.ts';

export class Aside {
  /** The task that runs has released a loan, which is here until its end. */
  stays = false;
  /** Came with that task, and have not begun. */
  unbegun: Task[] = [];
  /** What left with tasks that have ended, and was not posted. */
  readonly #leaving: Crate[] = [];

  get holds(): boolean {
    return this.stays || this.#leaving.length > 0 || this.unbegun.some(({ crates }) => crates.length > 0);
  }

  /** KiB of the thread's own that its tasks have returned. */
  get lastingKib(): number {
    let kib = 0;
    for (const { loan, buffer } of this.#leaving) if (loan === 0) kib += buffer.byteLength / KiB;
    return kib;
  }

  begins(): void {
    this.stays = false;
    this.unbegun.shift();
  }

  ends({ crates = [], homebound = [] }: TaskResult): void {
    this.#leaving.push(...crates, ...homebound);
  }

  /** What tasks came to was posted. */
  posted(): void {
    this.#leaving.length = 0;
  }
}

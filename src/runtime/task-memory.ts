/**
 * The memory of tasks on the main thread, the twin of `thread/task-frame.ts`: what an input brings is loaded
 * and lent, leaves with the task, and comes home with the result. Owned by the main thread.
 * Invariant: the leases of an input leave the caller when the task is loaded, and come home exactly once:
 * with the result, when the task never starts, or when the worker that held them is buried.
 */
import type { Bytes } from '../bytes.ts';
import type { Coordinator } from '../coordinator/coordinator.ts';
import { MillpondError } from '../errors.ts';
import { dropSpooled, openSpooled, type SpooledCrate, type SpooledFile } from '../files/spool.ts';
import { crateFor, detachViews, type Packed, pack, unpack } from '../messages/cargo.ts';
import { recordError } from '../messages/error-record.ts';
import type { Crate, Task, TaskResult } from '../messages/tasks.ts';
import type { Shard } from '../pool/shard.ts';
import { Store } from '../pool/store.ts';

/** What a result brought here, under no lease yet. */
interface Arrival {
  readonly result: TaskResult;
  readonly crates: readonly Crate[];
  readonly stores: readonly Store[];
  readonly files: readonly SpooledFile[];
}

const NO_FILES: SpooledFile[] = [];

export class TaskMemory {
  /** Files that results brought, and that were open when the last one came. */
  readonly #files = new Set<SpooledFile>();
  readonly #shard: Shard;
  readonly #coordinator: Coordinator;

  constructor(shard: Shard, coordinator: Coordinator) {
    this.#shard = shard;
    this.#coordinator = coordinator;
  }

  /**
   * Finds the leases of an input; it still holds them.
   * @throws MillpondError as `pack`; then all of them live on
   */
  pack(input: unknown): { readonly packed: Packed; readonly broughtBytes: Bytes } {
    const packed = pack(input, this.#shard);
    if (packed.files.length > 0) throw fileInInput();
    return { packed, broughtBytes: packed.leases.reduce((sum, { capacity }) => sum + capacity, 0) };
  }

  /** What an input brought that can never be sent goes back to the pool. */
  refuse(packed: Packed): void {
    this.bringHome(this.load(0, 0, packed));
  }

  /** Detaches the leases of an input from the caller and lends them to the task. */
  load(task: number, job: number, { value, leases, places }: Packed): Task {
    const crates = leases.map((lease): Crate => {
      const { length } = lease;
      const store = this.#shard.leases.detach(lease);
      return crateFor(store, length, this.#coordinator.loans.open(store.capacity, store.origin));
    });
    return { task, job, input: value, crates, places, gifts: [] };
  }

  /** The same task, which waits: from now on nothing may write to what it brought. */
  detachViews(task: Task): Task {
    return task.crates.length > 0 ? { ...task, crates: task.crates.map(detachViews) } : task;
  }

  /**
   * The tasks leave for a worker in one message. What goes back to the worker goes along with the first of
   * them: a message of its own would cost as much as theirs.
   */
  dispatch(row: number, tasks: readonly Task[]): Task[] {
    for (const { crates } of tasks) {
      for (const crate of crates) this.#coordinator.loans.dispatch(crate.loan, row);
    }
    const [first, ...others] = tasks;
    return [{ ...first, gifts: this.#coordinator.transfers.packReturns(row) }, ...others];
  }

  /** The task did not leave, or came back as it was: no worker began it. */
  recall(row: number, task: Task): Task {
    for (const crate of task.crates) this.#coordinator.loans.dispatch(crate.loan, -1);
    this.#coordinator.transfers.unpackReturns(row, task.gifts);
    return { ...task, gifts: [] };
  }

  /** Attaches the memory of a task that never left to this shard again. */
  bringHome(task: Task): void {
    for (const crate of task.crates) {
      const origin = this.#coordinator.loans.originOf(crate.loan);
      this.#coordinator.loans.settle(crate.loan);
      this.#shard.leases.attach(new Store(crate.buffer, crate.tier, 0, origin), crate.asked, true);
    }
  }

  /** A result arrived: what it brought is charged here, and its loans are home. */
  arrive(row: number, result: TaskResult): Arrival {
    const { crates = [], homebound = [], files = [] } = result;
    this.#coordinator.transfers.arrived(row);
    const stores = this.#coordinator.transfers.attach(row, crates);
    this.#coordinator.transfers.attachLoans(row, homebound);
    try {
      return { result, crates, stores, files: this.#open(files) };
    } catch (error) {
      this.keep({ result, crates, stores, files: [] });
      const { task, leaks } = result;
      const told = {
        task,
        error: recordError(error, () => undefined),
        ...(leaks !== undefined && { leaks }),
      };
      return { result: told, crates: [], stores: [], files: [] };
    }
  }

  /** Puts the leases of a result where they were in its value. */
  deliver({ result, crates, stores, files }: Arrival): unknown {
    const leases = stores.map((store, at) => this.#shard.attach(store, crates[at].length, crates[at].asked));
    return unpack(result.value, result.places ?? [], files.length > 0 ? [...leases, ...files] : leases);
  }

  /** Keeps what a result brought that no caller waits for any more. */
  keep({ crates, stores, files }: Arrival): void {
    stores.forEach((store, at) => void this.#shard.leases.attach(store, crates[at].asked));
    for (const file of files) file[Symbol.dispose]();
  }

  /** Closes what results brought here and nobody disposed of. @returns how large each is */
  closeFiles(): Bytes[] {
    const left = [...this.#files].filter((file) => file.open);
    for (const file of left) file[Symbol.dispose]();
    this.#files.clear();
    return left.map(({ bytes }) => bytes);
  }

  /** All or none. They have no names from then on, whoever waits for them. */
  #open(crates: readonly SpooledCrate[]): SpooledFile[] {
    if (crates.length === 0) return NO_FILES;
    for (const file of this.#files) if (!file.open) this.#files.delete(file);
    const files: SpooledFile[] = [];
    try {
      for (const crate of crates) files.push(openSpooled(crate));
    } catch (error) {
      for (const file of files) file[Symbol.dispose]();
      for (const crate of crates) dropSpooled(crate);
      throw error;
    }
    for (const file of files) this.#files.add(file);
    return files;
  }
}

function fileInInput(): MillpondError {
  return new MillpondError(
    'ERR_NOT_CLONEABLE',
    'A spooled file stays with whoever got it; one was found in an input. Pass on leases, or the path of a file.',
  );
}

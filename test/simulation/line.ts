/**
 * The order in which tasks of a simulated runtime start, and how many may wait and run: compared, by rules
 * that are written down here once more, with what each run was given. Owned by its users; on its main thread.
 */
import type { RunOptions } from '../../src/runtime/runner.ts';
import type { Tasks } from '../../src/runtime/tasks.ts';
import type { WaitingTasks } from '../../src/runtime/waiting-tasks.ts';
import type { Machinery } from './machinery.ts';

const KiB = 1024;

interface Run {
  readonly tenant: string;
  readonly priority: number;
  readonly acceptedMs: number;
  readonly inputBytes: number;
  readonly needBytes: number;
  /** It was given to a worker, perhaps to one that did not take it. */
  started: boolean;
}

export class Line {
  readonly #machine: Machinery;
  readonly #tasks: Tasks;
  readonly #waiting: WaitingTasks;
  readonly #runs = new Map<string, Run>();

  constructor(machine: Machinery, { tasks, waiting }: { tasks: Tasks; waiting: WaitingTasks }) {
    this.#machine = machine;
    this.#tasks = tasks;
    this.#waiting = waiting;
  }

  /** A run is about to be offered; by then its name is known here, since it may start at once. */
  offer(name: string, { tenant = '', priority = 0, needBytes = 0 }: RunOptions, inputBytes: number): void {
    const acceptedMs = this.#machine.clock / 1e6;
    const started = false;
    this.#runs.set(name, { tenant, priority, acceptedMs, inputBytes, needBytes: Number(needBytes), started });
  }

  accepted(name: string): void {
    const { tenant, started } = this.#run(name);
    if (started) return;
    const { maxQueued = Infinity, maxBytes = Infinity } = this.#limits(tenant);
    const waiting = this.#waitingRuns();
    const own = waiting.filter((run) => run.tenant === tenant);
    const ownBytes = own.reduce((sum, run) => sum + run.inputBytes, 0);
    if (waiting.length > (this.#machine.world.queue.maxQueue as number))
      throw new Error(`queue: ${waiting.length} tasks wait`);
    if (own.length > maxQueued) throw new Error(`queue: ${own.length} tasks of '${tenant}' wait`);
    if (ownBytes > maxBytes) throw new Error(`queue: inputs of '${tenant}' hold ${ownBytes} bytes`);
  }

  /** A run was refused, so all places must be taken. */
  refused(name: string): void {
    const { tenant, inputBytes, needBytes } = this.#run(name);
    this.#runs.delete(name);
    const { maxQueued = Infinity, maxBytes = Infinity } = this.#limits(tenant);
    const waiting = this.#waitingRuns();
    const own = waiting.filter((run) => run.tenant === tenant);
    const ownBytes = own.reduce((sum, run) => sum + run.inputBytes, inputBytes);
    const full = waiting.length >= (this.#machine.world.queue.maxQueue as number);
    if (full || own.length >= maxQueued || ownBytes > maxBytes || inputBytes + ceil(needBytes) > maxBytes)
      return;
    throw new Error(`queue: a task of '${tenant}' was refused, and ${waiting.length} wait`);
  }

  /** A run is given to a worker. What is wrong is told later: who posts takes an error for a worker's end. */
  starts(name: string): void {
    try {
      this.#starts(name);
    } catch (error) {
      this.#machine.broken ??= error as Error;
    }
  }

  #starts(name: string): void {
    this.#machine.promises.leaves(name);
    const run = this.#run(name);
    const { tenant, priority, acceptedMs } = run;
    const { ageingMs = 0 } = this.#machine.world.queue;
    for (const other of this.#waitingRuns()) {
      if (other.tenant !== tenant) continue;
      const headStartMs = (priority - other.priority) * ageingMs;
      if (acceptedMs > other.acceptedMs + headStartMs)
        throw new Error(
          `queue: a task of '${tenant}' overtakes one that came ${acceptedMs - other.acceptedMs} ms before, with a head start of ${headStartMs} ms`,
        );
    }
    run.started = true;
    const { maxRunning = Infinity, maxBytes = Infinity } = this.#limits(tenant);
    const running = this.#tasks.running().map((task) => this.#run(task.name));
    const own = [...new Set([...running, run])].filter((other) => other.tenant === tenant);
    const ownBytes = own.reduce((sum, { inputBytes, needBytes }) => sum + inputBytes + ceil(needBytes), 0);
    if (own.length > maxRunning) throw new Error(`queue: ${own.length} tasks of '${tenant}' run`);
    if (ownBytes > maxBytes) throw new Error(`queue: running tasks of '${tenant}' hold ${ownBytes} bytes`);
  }

  #run(name: string): Run {
    return this.#runs.get(name) as Run;
  }

  /** Who waits is the production's word, in what order the world's. */
  #waitingRuns(): Run[] {
    return this.#waiting.queue.all().map(({ name }) => this.#run(name));
  }

  #limits(tenant: string) {
    const { named = {}, others = {} } = this.#machine.world.queue.tenants ?? {};
    return tenant === '' ? {} : (named[tenant] ?? others);
  }
}

/** Needs count by whole KiB. */
function ceil(bytes: number): number {
  return Math.ceil(bytes / KiB) * KiB;
}

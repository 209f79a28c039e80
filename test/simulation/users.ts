/**
 * What users of the main thread do: acquire, ask, run tasks, cancel, release. Owned by the world; on its main
 * thread.
 * Invariant: every request is waited for, and every lease that came of one is held here until it is released
 * or lent.
 */
import { type ErrorCode, isMillpondError } from '../../src/errors.ts';
import type { Lease } from '../../src/pool/lease.ts';
import type { Shard } from '../../src/pool/shard.ts';
import type { ValueReader } from '../../src/runtime/entry.ts';
import type { RunOptions } from '../../src/runtime/runner.ts';
import type { Tasks } from '../../src/runtime/tasks.ts';
import type { WaitingTasks } from '../../src/runtime/waiting-tasks.ts';
import { Line } from './line.ts';
import type { Machinery } from './machinery.ts';
import { Reading } from './reading.ts';
import { REFUSALS, refusable } from './refusals.ts';
import type { SimulatedSupply } from './thread.ts';

const ASK_MS = 50;
/** One for all: an error for each would cost more than the step. */
const ENOUGH = new Error('enough');
/** With these a run takes nothing. */
const NOT_TAKEN: readonly ErrorCode[] = ['ERR_QUEUE_FULL', 'ERR_REQUEST_TOO_LARGE'];
/** Some of them have limits. */
const TENANTS = [undefined, undefined, 'large', 'one', 'small', 'another'];

interface UsedParts {
  readonly shard: Shard;
  readonly tasks: Tasks;
  readonly waiting: WaitingTasks;
}

export class Users {
  readonly #machine: Machinery;
  readonly #supply: SimulatedSupply;
  readonly #shard: Shard;
  readonly #tasks: Tasks;
  readonly line: Line;
  readonly #entrance: WaitingTasks['entrance'];
  readonly #held: Lease[] = [];
  readonly #controllers: AbortController[] = [];
  readonly reading: Reading;
  #names = 0;
  /** Runs that have not ended. */
  running = 0;
  /** Requests that wait. */
  asking = 0;
  /** Those who wait for room in the queue. */
  awaiting = 0;

  constructor(machine: Machinery, supply: SimulatedSupply, { shard, tasks, waiting }: UsedParts) {
    this.#machine = machine;
    this.#supply = supply;
    this.#shard = shard;
    this.#tasks = tasks;
    this.line = new Line(machine, { tasks, waiting });
    this.#entrance = waiting.entrance;
    this.reading = new Reading(machine, (leases) => void this.#held.push(...leases));
  }

  actions(): (() => void)[] {
    const { choices } = this.#machine.scheduler;
    return [
      () => this.#submit(),
      () => this.#submit(),
      () => this.#acquire(),
      () => this.#ask(),
      () => this.#await(),
      () => this.#release(choices.pick(this.#held.length)),
      () => this.#controllers[choices.pick(this.#controllers.length)]?.abort(ENOUGH),
      ...(this.#machine.world.emitEvery > 0 ? [() => this.reading.break()] : []),
    ];
  }

  releaseAll(): void {
    while (this.#held.length > 0) this.#release(0);
  }

  #size(): number {
    const { sizes } = this.#machine.world;
    return sizes[this.#machine.scheduler.choices.pick(sizes.length)];
  }

  #release(at: number): void {
    const [lease] = this.#held.splice(at, 1);
    if (lease === undefined) return;
    lease.release();
    this.#machine.promises.ended(lease, 'ERR_LEASE_RELEASED');
  }

  #acquire(): void {
    const lease = refusable(() => this.#shard.acquire(this.#size()));
    if (lease !== undefined) this.#held.push(lease);
  }

  /** A task with some of this thread's leases; what comes back is held here. */
  #submit(): void {
    const { choices } = this.#machine.scheduler;
    const { limitEvery, emitEvery } = this.#machine.world;
    const light = this.#machine.world.light && !choices.once(4);
    const leases = light && choices.once(2) ? [] : this.#held.splice(0, choices.pick(3));
    const controller = new AbortController();
    this.#controllers.push(controller);
    const inputBytes = leases.reduce((sum, { capacity }) => sum + capacity, 0);
    const left = this.#machine.world.budgetKib - inputBytes / 1024;
    const buffers = leases.map(({ bytes }) => bytes.buffer);
    for (const buffer of buffers) this.#machine.promises.waits(buffer);
    const options = {
      name: `run ${++this.#names}`,
      signal: controller.signal,
      tenant: TENANTS[choices.pick(TENANTS.length)],
      priority: choices.pick(3) - 1,
      ...(!light && choices.once(3) && { needBytes: choices.pick(Math.max(1, left)) * 1024 }),
      ...(limitEvery > 0 && choices.once(limitEvery) && { timeoutMs: [1, 20][choices.pick(2)] }),
      ...(!light &&
        choices.once(2) && {
          onProgress: () => {
            if (choices.once(8)) throw ENOUGH;
          },
        }),
    };
    const read = emitEvery > 0 && choices.once(emitEvery);
    const start = (how: RunOptions, reader?: ValueReader): Promise<unknown> | null =>
      this.#run(leases, { ...how, name: options.name }, inputBytes, reader);
    const run = read ? this.reading.open(options, start) : start(options);
    if (run === null) {
      // What was refused took nothing: the leases are whose they were.
      for (const buffer of buffers) this.#machine.promises.waitsNot(buffer);
      this.#held.push(...leases);
      return;
    }
    this.running++;
    run.then(
      (value) => {
        this.running--;
        this.#held.push(...(value as { leases: Lease[] }).leases);
      },
      (error) => {
        this.running--;
        if (!isMillpondError(error) || error.code !== 'ERR_WORKER_LOST') return;
        this.#machine.broken ??= this.#machine.promises.lost(options.name);
      },
    );
    for (const lease of leases) this.#machine.promises.ended(lease, 'ERR_LEASE_MOVED');
  }

  /** Null when it was refused. */
  #run(
    leases: Lease[],
    options: RunOptions & { name: string },
    inputBytes: number,
    reader?: ValueReader,
  ): Promise<unknown> | null {
    this.line.offer(options.name, options, inputBytes);
    try {
      const run = this.#tasks.accept(
        { leases, name: options.name, read: reader !== undefined },
        options,
        reader,
      );
      this.line.accepted(options.name);
      return run;
    } catch (error) {
      if (!isMillpondError(error) || !NOT_TAKEN.includes(error.code)) throw error;
      this.line.refused(options.name);
      if (leases.some(({ bytes }) => bytes.buffer.detached))
        throw new Error('queue: a refused run took a lease');
      return null;
    }
  }

  /** Waits for room, and then does with it what it likes. */
  #await(): void {
    const { choices } = this.#machine.scheduler;
    const controller = new AbortController();
    this.#controllers.push(controller);
    this.awaiting++;
    this.#entrance.ready(TENANTS[choices.pick(TENANTS.length)] ?? '', controller.signal).then(
      () => {
        this.awaiting--;
      },
      () => {
        this.awaiting--;
      },
    );
  }

  #ask(): void {
    const controller = new AbortController();
    this.#controllers.push(controller);
    this.asking++;
    const deadline = this.#machine.clock + ASK_MS * 1e6;
    this.#supply.deadline = deadline;
    this.#shard.acquireAsync(this.#size(), { timeoutMs: ASK_MS, signal: controller.signal }).then(
      (lease) => {
        this.asking--;
        this.#held.push(lease);
      },
      (error) => {
        this.asking--;
        if (error === ENOUGH) return;
        const code = isMillpondError(error) ? error.code : 'none';
        if (!REFUSALS.includes(code)) this.#machine.broken ??= error;
        else if (code === 'ERR_BUDGET_EXHAUSTED' && this.#machine.clock < deadline - 1)
          this.#machine.broken ??= new Error('promise 7: a request was given up before its deadline');
      },
    );
  }
}

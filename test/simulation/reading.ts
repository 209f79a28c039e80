/**
 * Who reads what simulated tasks emit: late, one value at a time, and now and then to no end. Owned by the
 * users of a world; on its main thread. Invariant: values come in their order, none twice, and all of a task
 * that succeeds.
 */
import type { Lease } from '../../src/pool/lease.ts';
import type { ValueReader } from '../../src/runtime/entry.ts';
import type { RunOptions } from '../../src/runtime/runner.ts';
import { streamOf, type TaskStream } from '../../src/runtime/task-stream.ts';
import type { Machinery } from './machinery.ts';
import { MOST_UNREAD } from './promises.ts';

interface Value {
  readonly name: string;
  readonly at: number;
  readonly leases: Lease[];
}

interface Open {
  readonly name: string;
  readonly stream: TaskStream<Value, { leases: Lease[] }>;
  reading: boolean;
}

export class Reading {
  readonly #machine: Machinery;
  readonly #take: (leases: readonly Lease[]) => void;
  readonly #open: Open[] = [];
  /** Reads that have not ended. */
  count = 0;

  /** `take` gets the leases of each value. */
  constructor(machine: Machinery, take: (leases: readonly Lease[]) => void) {
    this.#machine = machine;
    this.#take = take;
  }

  /** Somebody could read on. */
  get due(): boolean {
    return this.#open.some(({ reading }) => !reading);
  }

  /** Opens a stream by its first read. Returns what its task comes to; null when it was refused. */
  open(
    options: RunOptions & { name: string },
    run: (options: RunOptions, reader: ValueReader) => Promise<unknown> | null,
  ): Promise<unknown> | null {
    const { name } = options;
    let running: Promise<unknown> | null = null;
    const stream = streamOf(
      (how, reader) => {
        const take: ValueReader['take'] = (value, read) => {
          reader.take(value, () => {
            this.#machine.promises.values(name).read++;
            // Now, not in a later turn: one that waits for room may hold up all of those.
            open.reading = false;
            read();
          });
        };
        running = run(how, { mostUnread: reader.mostUnread, take });
        return running ?? Promise.reject(new Error('refused'));
      },
      { ...options, unread: MOST_UNREAD },
    ) as TaskStream as Open['stream'];
    const open = { name, stream, reading: false };
    this.#open.push(open);
    this.#read(open);
    return running === null ? null : stream.result;
  }

  read(): void {
    const due = this.#open.filter(({ reading }) => !reading);
    if (due.length > 0) this.#read(due[this.#machine.scheduler.choices.pick(due.length)]);
  }

  /** Somebody has read enough. */
  break(): void {
    const open = this.#open[this.#machine.scheduler.choices.pick(this.#open.length)];
    if (open === undefined) return;
    this.#close(open);
    void open.stream.return();
  }

  #read(open: Open): void {
    const { name, stream } = open;
    const { promises } = this.#machine;
    open.reading = true;
    this.count++;
    const at = promises.values(name).read;
    stream.next().then(
      (step) => {
        this.count--;
        if (step.done) {
          const { emitted, read } = promises.values(name);
          if (this.#close(open) && emitted !== read)
            this.#machine.broken ??= new Error(`emit: ${name} emitted ${emitted} values, ${read} were read`);
          return;
        }
        const { value } = step;
        if (value.name !== name || value.at !== at)
          this.#machine.broken ??= new Error(
            `emit: value ${value.at} of ${value.name} came as ${at} of ${name}`,
          );
        this.#take(value.leases);
      },
      () => {
        this.count--;
        this.#close(open);
      },
    );
  }

  /** False when it was closed before. */
  #close(open: Open): boolean {
    const at = this.#open.indexOf(open);
    if (at < 0) return false;
    this.#open.splice(at, 1);
    return true;
  }
}

/**
 * The form of tasks and results on their way through a port: arrays of numbers and buffers instead of objects
 * with keys, and no more than there is to say. Structured cloning spends its time on objects and keys: an
 * input with two leases took 4.2 us as objects and takes 2.1 us like this, a task that brings nothing 1.2 us
 * and 0.3 us. Pure functions.
 */
import type { Crate, Gift, Places, Task, TaskResult } from './tasks.ts';

/** A task that brings nothing is its number. */
export type TaskMessage = number | readonly [task: number, input: unknown, ...cargo: unknown[]];

/** Undefined when there is nothing to say. */
export type ResultMessage =
  | undefined
  | readonly [value: unknown, remarks: Remarks | undefined, ...cargo: unknown[]];

/** What few results have. */
type Remarks = Pick<TaskResult, 'error' | 'leaks' | 'pinned'>;

export function writeTask({ task, input, crates, places, gifts }: Task): TaskMessage {
  if (crates.length === 0 && gifts.length === 0) return input === undefined ? task : [task, input];
  const message: [number, unknown, ...unknown[]] = [task, input];
  writeGifts(message, gifts);
  writeCrates(message, crates);
  writePlaces(message, places);
  return message;
}

export function readTask(message: TaskMessage): Task {
  if (typeof message === 'number')
    return { task: message, input: undefined, gifts: [], crates: [], places: [] };
  const cargo = new CargoReader(message);
  const gifts = cargo.gifts();
  return { task: message[0], input: message[1], gifts, crates: cargo.crates(), places: cargo.places() };
}

export function writeResult(result: TaskResult): ResultMessage {
  const { value, error, leaks, pinned, crates, places, homebound } = result;
  const remarks = error ?? leaks ?? pinned;
  const moves = crates !== undefined || homebound !== undefined;
  if (value === undefined && remarks === undefined && !moves) return undefined;
  const message: [unknown, Remarks | undefined, ...unknown[]] = [
    value,
    remarks === undefined ? undefined : { error, leaks, pinned },
  ];
  if (moves) {
    writeCrates(message, homebound ?? []);
    writeCrates(message, crates ?? []);
    writePlaces(message, places ?? []);
  }
  return message;
}

export function readResult(message: ResultMessage): TaskResult {
  if (message === undefined) return {};
  const cargo = new CargoReader(message);
  const homebound = cargo.crates();
  return { value: message[0], ...message[1], homebound, crates: cargo.crates(), places: cargo.places() };
}

function writeGifts(message: unknown[], gifts: readonly Gift[]): void {
  message.push(gifts.length);
  for (const { tier, buffers } of gifts) message.push(tier, buffers);
}

function writeCrates(message: unknown[], crates: readonly Crate[]): void {
  message.push(crates.length);
  for (const { buffer, tier, asked, length, loan } of crates) message.push(buffer, tier, asked, length, loan);
}

function writePlaces(message: unknown[], places: Places): void {
  for (const place of places) message.push(place.length, ...place);
}

/** Reads what follows the first two parts of a message, in the order in which it was written. */
class CargoReader {
  readonly #message: readonly unknown[];
  #at = 2;

  constructor(message: readonly unknown[]) {
    this.#message = message;
  }

  crates(): Crate[] {
    const crates: Crate[] = [];
    const message = this.#message;
    for (let left = this.#count(); left > 0; left--) {
      crates.push({
        buffer: message[this.#at] as ArrayBuffer,
        tier: message[this.#at + 1] as number,
        asked: message[this.#at + 2] as number,
        length: message[this.#at + 3] as number,
        loan: message[this.#at + 4] as number,
      });
      this.#at += 5;
    }
    return crates;
  }

  gifts(): Gift[] {
    const gifts: Gift[] = [];
    for (let left = this.#count(); left > 0; left--) {
      gifts.push({
        tier: this.#message[this.#at] as number,
        buffers: this.#message[this.#at + 1] as ArrayBuffer[],
      });
      this.#at += 2;
    }
    return gifts;
  }

  /** How many there are of what comes next; a message may end where nothing comes. */
  #count(): number {
    return this.#at < this.#message.length ? (this.#message[this.#at++] as number) : 0;
  }

  /** All the rest. */
  places(): Places {
    const places: [number, ...(string | number)[]][] = [];
    while (this.#at < this.#message.length) {
      const end = this.#at + 1 + (this.#message[this.#at] as number);
      places.push(this.#message.slice(this.#at + 1, end) as [number, ...(string | number)[]]);
      this.#at = end;
    }
    return places;
  }
}

/**
 * The form of tasks and results on their way through a port: arrays of numbers and buffers instead of objects
 * with keys, and no more than there is to say. Structured cloning spends its time on objects and keys: an
 * input with two leases took 4.2 us as objects and takes 2.1 us like this, a task that brings nothing 1.2 us
 * and 0.3 us. A message has one task or result, or several: what a message costs, they share. Pure functions.
 */
import type { Crate, Gift, Places, Task, TaskResult } from './tasks.ts';

/** A task that brings nothing is its number, with that of its job. */
type TaskMessage = number | readonly [task: number, input: unknown, ...cargo: unknown[]];

/** The number of a task that ended with nothing to say, or all of it. */
type ResultMessage =
  | number
  | readonly [task: number, value: unknown, remarks: Remarks | undefined, ...cargo: unknown[]];

/** One, or several behind a `null`. */
type Several<Message> = Message | readonly [null, ...Message[]];

/** What the worker is to do, in this order. */
export type TasksMessage = Several<TaskMessage>;

/** The last word of a thread that ends: tasks that it was given and never began, with what they brought. */
type UnbegunMessage = readonly ['unbegun', ...TaskMessage[]];

/** What came of tasks, in the order in which they ran. */
type EndedMessage = Several<ResultMessage>;

/** What a worker says of the tasks that it was given; `unread` where it could not read them. */
export type ResultsMessage = EndedMessage | UnbegunMessage | 'unread';

/** What few results have. */
type Remarks = Pick<TaskResult, 'error' | 'leaks' | 'pinned' | 'files' | 'more'>;

/** Numbers of tasks are smaller. */
const JOBS_FROM = 2 ** 31;

export function writeTasks(tasks: readonly Task[]): TasksMessage {
  return several(tasks.map(writeTask));
}

export function readTasks(message: TasksMessage): Task[] {
  return parts<TaskMessage>(message).map(readTask);
}

export function writeResults(results: readonly TaskResult[]): EndedMessage {
  return several(results.map(writeResult));
}

export function readResults(message: EndedMessage): TaskResult[] {
  return parts<ResultMessage>(message).map(readResult);
}

export function writeUnbegun(tasks: readonly Task[]): UnbegunMessage {
  return ['unbegun', ...tasks.map(writeTask)];
}

export function isUnbegun(message: ResultsMessage): message is UnbegunMessage {
  return Array.isArray(message) && message[0] === 'unbegun';
}

export function readUnbegun([, ...tasks]: UnbegunMessage): Task[] {
  return tasks.map(readTask);
}

function several<Message>(messages: Message[]): Several<Message> {
  return messages.length === 1 ? messages[0] : [null, ...messages];
}

function parts<Message>(message: Several<Message>): Message[] {
  return Array.isArray(message) && message[0] === null ? message.slice(1) : [message as Message];
}

function writeTask({ task, job, input, crates, places, gifts }: Task): TaskMessage {
  const number = job * JOBS_FROM + task;
  if (crates.length === 0 && gifts.length === 0) return input === undefined ? number : [number, input];
  const message: [number, unknown, ...unknown[]] = [number, input];
  writeGifts(message, gifts);
  writeCrates(message, crates);
  writePlaces(message, places);
  return message;
}

function readTask(message: TaskMessage): Task {
  const number = typeof message === 'number' ? message : message[0];
  const job = Math.floor(number / JOBS_FROM);
  const task = number - job * JOBS_FROM;
  if (typeof message === 'number') return { task, job, input: undefined, gifts: [], crates: [], places: [] };
  const cargo = new CargoReader(message, 2);
  const gifts = cargo.gifts();
  return { task, job, input: message[1], gifts, crates: cargo.crates(), places: cargo.places() };
}

function writeResult(result: TaskResult): ResultMessage {
  const { task, value, error, leaks, pinned, files, more, crates, places, homebound } = result;
  const remarks = error ?? leaks ?? pinned ?? files ?? more;
  const moves = crates !== undefined || homebound !== undefined || files !== undefined;
  if (value === undefined && remarks === undefined && !moves) return task;
  const message: [number, unknown, Remarks | undefined, ...unknown[]] = [
    task,
    value,
    remarks === undefined
      ? undefined
      : { error, leaks, pinned, ...(files !== undefined && { files }), ...(more && { more }) },
  ];
  if (moves) {
    writeCrates(message, homebound ?? []);
    writeCrates(message, crates ?? []);
    writePlaces(message, places ?? []);
  }
  return message;
}

function readResult(message: ResultMessage): TaskResult {
  if (typeof message === 'number') return { task: message };
  const [task, value, remarks] = message;
  const cargo = new CargoReader(message, 3);
  const homebound = cargo.crates();
  return { task, value, ...remarks, homebound, crates: cargo.crates(), places: cargo.places() };
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

/** Reads what follows the first parts of a message, in the order in which it was written. */
class CargoReader {
  readonly #message: readonly unknown[];
  #at: number;

  constructor(message: readonly unknown[], from: number) {
    this.#message = message;
    this.#at = from;
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

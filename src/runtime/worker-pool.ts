/**
 * The worker threads of a runtime: who is there, who is free, what comes back, who starts and who ends.
 *
 * Owns one member per thread; main thread only. Piscina starts threads where it is asked to (`threads.ts`);
 * tasks and what comes of them go over a port of our own for each (docs/decisions/062).
 * Invariant: a member is given one message of tasks at a time, and is forgotten only after its thread is
 * gone; what it posted before that is heard first. No thread is ended while it loads its files, nor while it
 * runs a task, where native code may be under way: that can abort the process (docs/decisions/063). Over
 * 300 lines because it is all that happens to a thread between its hello and its end.
 */
import { receiveMessageOnPort, type Worker } from 'node:worker_threads';
import type { Ledger } from '../budget/ledger.ts';
import type { Answer, FromWorker } from '../messages/asks.ts';
import { errorFrom } from '../messages/error-record.ts';
import type { Hello } from '../messages/start.ts';
import type { Task } from '../messages/tasks.ts';
import { isUnbegun, type ResultsMessage, readResults, readUnbegun, writeTasks } from '../messages/wire.ts';
import { setImmediate, setTimeout } from '../timers.ts';
import { isFree, type Member, newMember } from './member.ts';
import { isLoaded, openLink } from './side-channel.ts';
import { noThreadLeft } from './task-errors.ts';
import { type CountSettings, ThreadCount } from './thread-count.ts';
import type { WorkerPoolEvents } from './worker-events.ts';

const LAST_BREATH_MS = 5000;

interface WorkerPoolParts extends CountSettings {
  readonly ledger: Ledger;
  /** A thread is replaced after so many. */
  readonly maxTasksPerWorker: number;
}

export class WorkerPool {
  readonly #parts: WorkerPoolParts;
  /** From {@link start} on. */
  #count!: ThreadCount;
  #events!: WorkerPoolEvents;
  readonly #members = new Map<Worker, Member>();

  constructor(parts: WorkerPoolParts) {
    this.#parts = parts;
  }

  /** Starts the threads; to be called once, when everything that `events` reach is there. */
  start(events: WorkerPoolEvents): void {
    this.#events = events;
    this.#count = new ThreadCount(this.#parts, this.#members, {
      hello: (hello) => this.#introduce(hello),
      started: () => this.#findNew(),
      idled: (member) => this.retire(member),
      failed: (error) => events.failed(error),
    });
    this.#findNew();
  }

  get members(): Iterable<Member> {
    return this.#members.values();
  }

  /** Threads that nothing can be done with: a task does not stop there, or native code keeps them. */
  get lostThreads(): number {
    let count = 0;
    for (const { lost } of this.#members.values()) if (lost) count++;
    return count;
  }

  /** A member that can take a task now. */
  idle(): Member | undefined {
    for (const member of this.#members.values()) if (isFree(member)) return member;
    return undefined;
  }

  /** Whether there is a thread that takes tasks, now, when it has done what it does, or once it is wanted. */
  get able(): boolean {
    const members = [...this.#members.values()];
    const can = ({ ready, dying, retiring, lost }: Member): boolean => ready && !dying && !retiring && !lost;
    return this.#count.spare || members.some(can);
  }

  /** Another thread starts when tasks wait: it was ended for having nothing to do. */
  get spare(): boolean {
    return this.#count.spare;
  }

  /** So many tasks wait, and no member is idle. */
  want(tasks: number): void {
    this.#count.want(tasks);
  }

  /**
   * Posts tasks to a member, which is busy until `done`. False, and none was, where its thread ends by now.
   * @throws when they cannot be cloned: then none was posted, and their buffers are here
   */
  post(member: Member, tasks: readonly Task[], transfer: ArrayBuffer[]): boolean {
    const row = this.#parts.ledger.row(member.row);
    if (!row.beginPost()) {
      member.retiring = true;
      return false;
    }
    try {
      member.tasks!.postMessage(writeTasks(tasks), transfer);
    } finally {
      row.endPost();
    }
    member.busy = true;
    member.tasksLeft -= tasks.length;
    if (!tasks.every(({ job }) => member.jobs[job].terminable)) member.endable = false;
    return true;
  }

  /** All of its tasks are over. */
  done(member: Member): void {
    member.busy = false;
    if (member.worked) this.#count.worked();
    if (member.tasksLeft <= 0) member.retiring = true;
    if (member.retiring) this.#end(member);
    else this.#count.rests(member);
    if (!member.lost) return;
    member.lost = false;
    this.#events.recovered();
  }

  /**
   * A task does not stop: its thread is ended in the middle of it, where that is safe. False where it is not:
   * the thread counts as lost, until its task is over after all.
   */
  stop(member: Member, cause: Error): boolean {
    if (!member.busy || member.dying) return true;
    if (member.endable) {
      // Nothing more is given to it, whatever it still posts.
      member.retiring = true;
      member.ending = true;
      member.cause ??= cause;
      void member.worker.terminate();
      return true;
    }
    member.lost = true;
    // Those that rest do its work.
    this.want(1);
    this.#checkLost();
    return false;
  }

  /** The member gets no more tasks; another takes its place once its thread has ended. */
  retire(member: Member): void {
    member.retiring = true;
    this.#end(member);
  }

  /** All members retire and none is replaced. Resolves when all threads are gone. */
  async retireAll(): Promise<void> {
    this.#count.close();
    const members = [...this.#members.values()];
    for (const member of members) this.retire(member);
    await Promise.all(members.filter(({ lost }) => !lost).map(({ gone }) => gone.promise));
  }

  /** Ends the threads that still run a task, where that is safe. */
  stopAll(cause: Error): void {
    for (const member of this.#members.values()) if (member.endable) this.stop(member, cause);
  }

  /** Members that are left do not keep the process alive, and end by themselves when they can. */
  leave(): void {
    for (const { worker } of this.#members.values()) worker.unref();
  }

  async #end(member: Member): Promise<void> {
    if (!member.ready || member.busy || member.dying || member.ending) return;
    member.ending = true;
    await this.#events.retiring(member);
    if (member.dying) return;
    member.dismissed = true;
    await member.worker.terminate();
  }

  /** Finds the threads that were started since the last time. */
  #findNew(): void {
    for (const worker of this.#count.workers) {
      if (this.#members.has(worker)) continue;
      const member = newMember(worker, this.#parts.maxTasksPerWorker);
      this.#members.set(worker, member);
      worker.on('message', (message: unknown) => {
        if (isLoaded(message)) this.#loaded(member);
      });
      worker.on('error', (error) => {
        member.cause = error instanceof Error ? error : new Error(String(error));
        this.#over(member, member.cause);
        // Its end may be long in coming.
        if (member.ready) this.#count.startMissing();
      });
      worker.on('exit', (code) => this.#exit(member, code));
    }
  }

  #introduce({ threadId, row, port, tasks, jobs }: Hello): void {
    for (const member of this.#members.values()) {
      if (member.threadId !== threadId) continue;
      member.row = row;
      member.introduced = true;
      member.jobs = jobs;
      member.endable = jobs.every(({ terminable, setUp }) => terminable || !setUp);
      const link = openLink(port, {
        reported: (message): message is Exclude<FromWorker, Answer> => this.#reported(member, message),
        answered: (answer) => this.#events.answered(member, answer),
      });
      this.#events.introduced(member, link);
      port.once('close', () => this.#closed(member));
      member.tasks = tasks;
      tasks.on('message', (message: ResultsMessage) => this.#heard(member, message));
      tasks.on('messageerror', (error) => this.#unreadable(member, error));
      // Whoever waits for a task keeps the process alive.
      tasks.unref();
    }
  }

  #heard(member: Member, message: ResultsMessage): void {
    if (message === 'unread') {
      this.retire(member);
      this.#events.unread(member);
    } else if (isUnbegun(message)) {
      this.retire(member);
      this.#events.unbegun(member, readUnbegun(message));
    } else this.#events.ended(member, readResults(message));
  }

  /** What the message held is free again only once its thread has ended. */
  #unreadable(member: Member, error: Error): void {
    this.retire(member);
    this.#events.unreadable(member, error);
  }

  /** It does nothing more. What it posted before is heard first. */
  #over(member: Member, error: Error): void {
    member.dying = true;
    for (;;) {
      let message: ResultsMessage | undefined;
      try {
        message = member.tasks && receiveMessageOnPort(member.tasks)?.message;
      } catch (error) {
        this.#events.unreadable(member, error as Error);
        continue;
      }
      if (message === undefined) break;
      this.#heard(member, message);
    }
    this.#events.lost(member, member.cause ?? error);
  }

  /** Its JavaScript is over; where the thread is not soon after, native code keeps it, for ever. */
  #closed(member: Member): void {
    if (!member.dismissed) setTimeout(() => this.#lost(member), LAST_BREATH_MS).unref();
  }

  #lost(member: Member): void {
    if (!this.#members.has(member.worker)) return;
    member.cause ??= new Error('native code keeps the thread from its end, and what it holds');
    this.#over(member, member.cause);
    member.lost = true;
    this.#checkLost();
  }

  /** With all of them lost, nothing that waits will run. */
  #checkLost(): void {
    if (!this.#count.full) return;
    if ([...this.#members.values()].every(({ lost, dying }) => lost || dying))
      this.#events.failed(noThreadLeft());
  }

  #reported(member: Member, message: FromWorker): boolean {
    if (message.kind === 'recorded') this.#events.recorded(member, message.interval);
    else if (message.kind === 'stray') {
      member.cause ??= errorFrom(message.error);
      this.retire(member);
      this.#events.strayed(member, message);
    } else return false;
    return true;
  }

  /** Piscina has loaded what a thread loads first, which said hello before it came to its end. */
  #loaded(member: Member): void {
    member.ready = true;
    this.#count.loaded();
    this.#events.recovered();
    if (member.retiring) {
      this.#end(member);
      return;
    }
    this.#count.rests(member);
    this.#events.free();
  }

  #exit(member: Member, code: number): void {
    this.#over(member, new Error(`exit code ${code}`));
    this.#count.ended(member, code);
    // The worker's ports close in this same event; what was on its way to it is freed once that was handled,
    // one turn of the event loop later. Only then may anything be un-charged.
    setImmediate(() =>
      setImmediate(() => {
        if (member.row < 0) member.row = this.#parts.ledger.rowOf(member.threadId);
        this.#members.delete(member.worker);
        this.#events.gone(member, code);
        member.gone.resolve();
      }),
    );
  }
}

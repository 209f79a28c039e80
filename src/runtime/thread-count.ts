/**
 * How many threads there are to be: when one starts, starts again, or ends for having nothing to do. Owned by
 * the worker pool, on the main thread.
 * Invariant: never more than the runtime has `threads`, one that cannot be ended included; where one failed
 * to start, the next try waits for its time.
 */
import type { MillpondError } from '../errors.ts';
import type { Hello } from '../messages/start.ts';
import { bootstrapError } from './bootstrap-error.ts';
import { FailedStarts } from './failed-starts.ts';
import type { HeartbeatPorts } from './heartbeat.ts';
import { IdleThreads } from './idle-threads.ts';
import { isFree, type Member } from './member.ts';
import { type StartSettings, Threads } from './threads.ts';

/** So many deaths in a row of workers that never got a task mean that none ever will. */
const MOST_IDLE_DEATHS = 3;

export interface CountSettings extends StartSettings, Pick<HeartbeatPorts, 'now' | 'startTimer'> {
  /** Threads beyond the least are ended when they have had nothing to do for so long. */
  readonly idleThreadMs: number;
  readonly leastThreads: number;
}

interface CountEvents {
  hello(hello: Hello): void;
  /** Some may have been started. */
  started(): void;
  /** This one has had nothing to do for too long. */
  idled(member: Member): void;
  /** None can be started. */
  failed(error: MillpondError): void;
}

export class ThreadCount {
  readonly #settings: CountSettings;
  readonly #members: ReadonlyMap<unknown, Member>;
  readonly #events: CountEvents;
  readonly #threads: Threads;
  readonly #failedStarts: FailedStarts;
  readonly #idle: IdleThreads;
  #wanted: number;
  /** All of the first ones have started. */
  #begun = false;
  #idleDeaths = 0;
  #closing = false;

  /** Starts all threads; `started` is to be called by whoever has the events. */
  constructor(settings: CountSettings, members: ReadonlyMap<unknown, Member>, events: CountEvents) {
    this.#settings = settings;
    this.#members = members;
    this.#events = events;
    this.#wanted = settings.threads;
    this.#threads = new Threads(settings, events.hello);
    this.#failedStarts = new FailedStarts(settings.startTimer, () => this.startMissing());
    this.#idle = new IdleThreads({
      ...settings,
      free: () => [...members.values()].filter(isFree),
      end: (member) => {
        if (this.#wanted <= settings.leastThreads) return;
        this.#wanted--;
        events.idled(member);
      },
    });
  }

  get workers(): Threads['all'] {
    return this.#threads.all;
  }

  /** No other can be started: as many as there may be have not ended. */
  get full(): boolean {
    return this.#threads.full;
  }

  /** Another one starts where tasks want it. */
  get spare(): boolean {
    return this.#begun && !this.#closing && this.#wanted < this.#settings.threads;
  }

  /** So many tasks wait, and no member is idle: those that were ended for idleness are needed again. */
  want(tasks: number): void {
    const { threads } = this.#settings;
    if (this.#wanted === threads || this.#closing) return;
    // Those that start or retire will do for as many.
    let coming = 0;
    for (const { busy, dying } of this.#members.values()) if (!busy && !dying) coming++;
    this.#wanted = Math.min(threads, this.#wanted + Math.max(0, tasks - coming));
    this.startMissing();
  }

  /** Starts as many as are wanted and not there, unless a failed start is waited for. */
  startMissing(): void {
    if (this.#closing || this.#failedStarts.waiting) return;
    let there = 0;
    for (const { dying } of this.#members.values()) if (!dying) there++;
    for (; there < this.#wanted; there++) this.#threads.begin();
    this.#events.started();
  }

  /** It has loaded its files. */
  loaded(): void {
    this.#failedStarts.succeeded();
    this.#begun ||= [...this.#members.values()].every(({ ready }) => ready);
  }

  /** It has nothing to do from now on. */
  rests(member: Member): void {
    this.#idle.rests(member);
  }

  /** A task has come to its end in its thread. */
  worked(): void {
    this.#idleDeaths = 0;
  }

  /** Its thread has ended. */
  ended(member: Member, exitCode: number): void {
    if (this.#closing) return;
    if (member.ready && !member.worked && !member.dismissed) this.#idleDeaths++;
    const othersWork = [...this.#members.values()].some(({ ready, dying, lost }) => ready && !dying && !lost);
    const again = member.ready || (this.#begun && this.#failedStarts.failed(othersWork));
    if (again && this.#idleDeaths < MOST_IDLE_DEATHS) this.startMissing();
    else this.#events.failed(bootstrapError(member.cause, exitCode));
  }

  /** None starts from now on. */
  close(): void {
    this.#closing = true;
    this.#failedStarts.end();
    this.#idle.end();
  }
}

/**
 * Tasks from when they are given to a process until that has answered, or has died and it is known what
 * becomes of them. Owned by `IsolatedTasks`, on the supervisor's thread.
 * Invariant: a process that has a task which is to be alone has no other; while one waits for that, one
 * process is given nothing else, and the others go on. Leaves to others: who is to blame for a death
 * (`Trials`).
 */
import { type ErrorRecord, errorFrom } from '../messages/error-record.ts';
import { notCloneable } from '../runtime/task-errors.ts';
import { nowMs } from '../timers.ts';
import { Ahead } from './ahead.ts';
import { causeOf, deathOf, lostTask, nativeCrash, stuckTask } from './death.ts';
import type { Endings, Held } from './held-task.ts';
import type { Cargo, EndedTask } from './messages.ts';
import type { IsolatedSettings } from './options.ts';
import type { OwnMemory } from './own-memory.ts';
import { drop, receive } from './parcels.ts';
import type { ProcessEnd, RuntimeProcess } from './runtime-process.ts';
import { type Death, Trials, type Verdict } from './trials.ts';

interface GivenParts {
  readonly settings: IsolatedSettings;
  readonly memory: OwnMemory;
  readonly endings: Endings;
  /** A task that is not over. */
  held(task: number): Held | undefined;
  /** It waits in the queue again. */
  wait(held: Held): void;
}

export class GivenTasks {
  readonly #parts: GivenParts;
  readonly #trials = new Trials();
  readonly #ahead: Ahead;
  /** What is to be tried alone, in this order. */
  readonly #alone: Held[] = [];
  /** It gets nothing until it has nothing to do: then it takes one that is to be alone. */
  #emptying: RuntimeProcess | null = null;
  /** Processes that were told by us to end, and why. */
  readonly #ended = new Map<RuntimeProcess, Death>();
  /** Tasks that were given, or are to be, to another process, after theirs had died. */
  retried = 0;
  /** Tasks that were left out, since they crashed their process twice, or did not stop twice. */
  named = 0;

  constructor(parts: GivenParts) {
    this.#parts = parts;
    this.#ahead = new Ahead(parts.settings.threadsEach);
  }

  /** A task of the queue may be given to it now. */
  takes(process: RuntimeProcess): boolean {
    if (!process.isReady || process.isEnding || process === this.#emptying) return false;
    return process.given.size < this.#ahead.most && !this.#hasOneAlone(process);
  }

  /** Gives those that are to be alone to processes that have nothing to do, or chooses the next such one. */
  tryAlone(processes: Iterable<RuntimeProcess>): void {
    this.#emptying = null;
    const able = [...processes].filter(({ isReady, isEnding }) => isReady && !isEnding);
    for (const process of able.toSorted((a, b) => a.given.size - b.given.size)) {
      if (this.#alone.length === 0) return;
      if (process.given.size === 0) this.give(this.#alone.shift() as Held, process);
      else if (!this.#hasOneAlone(process)) {
        this.#emptying = process;
        return;
      }
    }
  }

  #hasOneAlone({ given }: RuntimeProcess): boolean {
    if (given.size !== 1) return false;
    const [task] = given;
    return this.#trials.isAlone(task);
  }

  give(held: Held, process: RuntimeProcess): void {
    const { entry, cargo, options } = held;
    const { task } = entry.task;
    entry.startedMs ??= nowMs();
    try {
      const given = { task, ...cargo, options, progress: entry.onProgress !== undefined };
      process.give(task, { kind: 'task', given });
      held.process = process;
    } catch (error) {
      this.#parts.endings.fail(held, notCloneable(error));
    }
  }

  /** A process has answered. */
  async ended(process: RuntimeProcess, ended: EndedTask): Promise<void> {
    const held = this.#parts.held(ended.task);
    if (held === undefined) return drop(ended.parcels);
    if (ended.error !== undefined && isStuck(ended.error)) {
      // A thread is lost there; only a new process has all of them.
      process.given.add(ended.task);
      this.end(process, { by: 'hang', task: ended.task });
      return;
    }
    held.process = null;
    this.#ahead.ended(process, nowMs());
    const { endings } = this.#parts;
    if (ended.error !== undefined) endings.fail(held, errorFrom(ended.error));
    else if (ended.parcels === undefined) endings.succeed(held, ended.value);
    else await this.#open(held, ended as Cargo);
  }

  async #open(held: Held, cargo: Cargo): Promise<void> {
    const { endings, memory } = this.#parts;
    try {
      if (held.entry.answered) throw new Error('nobody waits for it');
      endings.succeed(held, await receive(cargo, memory.shard, { taken: true }));
    } catch (error) {
      drop(cargo.parcels);
      endings.fail(held, error);
    }
  }

  /** Ends a process that has to go; it dies for this reason, whatever the system says. */
  end(process: RuntimeProcess, death: Death): void {
    this.#ended.set(process, death);
    process.kill();
  }

  /** A process has died: what becomes of its tasks. */
  died(process: RuntimeProcess, end: ProcessEnd): void {
    const wasEnded = this.#ended.get(process);
    const death = wasEnded ?? deathOf(end);
    this.#ended.delete(process);
    // That of one that never began, or is to end with its runner, is told by others.
    const isNews = process.isReady && (wasEnded !== undefined || !process.isEnding);
    this.#ahead.forget(process);
    const given = [...process.given];
    process.given.clear();
    const begun = new Set(end.slots.map(({ task }) => task).filter((task) => given.includes(task)));
    const running = [...begun].map((task) => (this.#parts.held(task) as Held).entry.name);
    const before = this.retried;
    for (const [task, verdict] of this.#trials.died(death, given, begun)) {
      const held = this.#parts.held(task) as Held;
      held.process = null;
      if (held.entry.answered) this.#parts.endings.fail(held, null);
      else this.#judge(held, verdict, end);
    }
    if (!isNews) return;
    const cause = death.by === 'hang' ? 'a task did not stop' : causeOf(end);
    const again = this.retried - before;
    const { log } = this.#parts.settings.settings;
    log.write({ event: 'process-death', pid: process.pid ?? 0, cause, running, again });
  }

  #judge(held: Held, verdict: Verdict, end: ProcessEnd): void {
    const { endings, settings } = this.#parts;
    const { name, timeoutMs } = held.entry;
    switch (verdict) {
      case 'again':
        this.retried++;
        this.#parts.wait(held);
        break;
      case 'alone':
        this.retried++;
        this.#alone.push(held);
        break;
      case 'crash':
        this.named++;
        endings.fail(held, nativeCrash(name, end), 'lost');
        break;
      case 'hang':
        this.named++;
        endings.fail(held, stuckTask(name, timeoutMs, settings.settings.life.stopMs), 'lost');
        break;
      case 'lost':
        endings.fail(held, lostTask(name, causeOf(end)), 'lost');
        break;
    }
  }

  /** A task that no process has is over. */
  forget(held: Held): void {
    this.#trials.ended(held.entry.task.task);
    const at = this.#alone.indexOf(held);
    if (at >= 0) this.#alone.splice(at, 1);
  }
}

function isStuck(error: ErrorRecord): boolean {
  const [{ fields }] = error;
  return fields.some(([key, , part]) => key === 'code' && 'value' in part && part.value === 'ERR_TASK_STUCK');
}

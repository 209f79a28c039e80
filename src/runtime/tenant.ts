/**
 * One tenant as the queue sees it: its tasks that wait, and how much of the threads' time it has had. Pure
 * data.
 */
import { Heap, type Placed } from './heap.ts';

/** What a tenant may have of a runtime, with nothing left out. */
export interface TenantRules {
  readonly weight: number;
  readonly maxQueued: number;
  readonly maxRunning: number;
  readonly maxKib: number;
}

/** A task that waits, as the queue knows it. */
export interface Queued extends Placed {
  readonly tenant: string;
  readonly priority: number;
  readonly acceptedMs: number;
  readonly needKib: number;
  /** What its input holds. */
  readonly broughtKib: number;
  /** The queue's own, from here on: among tasks of one key the first that came. */
  order: number;
  /** When it would have been accepted if its priority were 0. */
  key: number;
  /** It was taken, and is not over. */
  taken: boolean;
  /** When it was last taken, and what it was expected to take, in milliseconds. */
  takenMs: number;
  guessMs: number;
}

/** What the queue's own fields begin with. */
export const UNPLACED = { at: -1, order: 0, key: 0, taken: false, takenMs: 0, guessMs: 0 } as const;

/** One measured time counts so much of the mean. */
const MEAN_SHARE = 1 / 8;

export class Tenant<E extends Queued> implements Placed {
  readonly name: string;
  readonly rules: TenantRules;
  at = -1;
  /** The heap that it stands in. */
  heap: Heap<Tenant<E>> | null = null;
  /** Its weight is among those of tenants that have tasks. */
  counted = false;
  /** By key. */
  readonly waiting = new Heap<E>((a, b) => a.key < b.key || (a.key === b.key && a.order < b.order));
  running = 0;
  /** Milliseconds that its ended tasks took, by its weight, and what it has missed while it wanted none. */
  servedMs: number;
  /** As `servedMs`, with what runs; as it was when somebody last looked. */
  tagMs: number;
  /** Of its tasks that ended; null before the first. */
  meanMs: number | null = null;
  #takenSumMs = 0;
  #guessSumMs = 0;
  #waitingKib = 0;
  #runningKib = 0;

  constructor(name: string, rules: TenantRules, servedMs: number) {
    this.name = name;
    this.rules = rules;
    this.servedMs = servedMs;
    this.tagMs = servedMs;
  }

  /** What inputs of its waiting tasks hold. */
  get waitingKib(): number {
    return this.#waitingKib;
  }

  /** What its running tasks brought and declared. */
  get runningKib(): number {
    return this.#runningKib;
  }

  get active(): boolean {
    return this.running > 0 || this.waiting.size > 0;
  }

  /** What runs counts with the time that it has run, or with what was expected where that is more. */
  tagAt(nowMs: number): number {
    return Math.max(this.servedMs + this.#guessSumMs / this.rules.weight, this.spentAt(nowMs));
  }

  /** As a tag, without what is only expected: that is given back where it was too much. */
  spentAt(nowMs: number): number {
    const ranMs = Math.max(0, this.running * nowMs - this.#takenSumMs);
    return this.servedMs + ranMs / this.rules.weight;
  }

  /** Whether a task of these sizes can run beside those that run. */
  mayStart({ needKib, broughtKib }: Pick<Queued, 'needKib' | 'broughtKib'>): boolean {
    const { maxRunning, maxKib } = this.rules;
    return this.running < maxRunning && this.#runningKib + needKib + broughtKib <= maxKib;
  }

  /** Whether an input of this size can wait beside those that wait. */
  holds(broughtKib: number): boolean {
    return this.#waitingKib + broughtKib <= this.rules.maxKib;
  }

  wait(entry: E): void {
    this.waiting.add(entry);
    this.#waitingKib += entry.broughtKib;
  }

  leave(entry: E): void {
    this.waiting.remove(entry);
    this.#waitingKib -= entry.broughtKib;
  }

  begin(entry: E, nowMs: number, guessMs: number): void {
    entry.taken = true;
    entry.takenMs = nowMs;
    entry.guessMs = guessMs;
    this.running++;
    this.#takenSumMs += nowMs;
    this.#guessSumMs += guessMs;
    this.#runningKib += entry.needKib + entry.broughtKib;
  }

  end(entry: E): void {
    entry.taken = false;
    this.running--;
    this.#runningKib -= entry.needKib + entry.broughtKib;
    // Sums of what comes and goes gather errors of rounding.
    this.#takenSumMs = this.running === 0 ? 0 : this.#takenSumMs - entry.takenMs;
    this.#guessSumMs = this.running === 0 ? 0 : this.#guessSumMs - entry.guessMs;
  }

  measured(tookMs: number): void {
    this.servedMs += tookMs / this.rules.weight;
    this.meanMs = meanWith(this.meanMs, tookMs);
  }
}

/** A mean that follows what was measured last. */
export function meanWith(meanMs: number | null, tookMs: number): number {
  return meanMs === null ? tookMs : meanMs + (tookMs - meanMs) * MEAN_SHARE;
}

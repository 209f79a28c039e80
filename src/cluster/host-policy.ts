/**
 * When a host takes a page, when it gives one back, and of which batch the next one is. Pure: it is told the
 * time, and of the host's runner what it shows.
 */
import type { PressureLevel } from '../regulation/pressure.ts';

export interface HostLoad {
  readonly threads: number;
  /** Files that the runner has. */
  readonly running: number;
  /** Files of pages it holds that the runner does not have yet. */
  readonly waiting: number;
  /** It holds a page with a single file that hosts have died of. */
  readonly holdsSuspect: boolean;
  /** Predicted work of all these, in seconds of one thread. */
  readonly workSeconds: number;
  readonly pressure: PressureLevel;
  /** Memory is critical, and only one task at a time begins. */
  readonly emergency: boolean;
  /** Threads that can do nothing any more. */
  readonly lostThreads: number;
  /** For so long tasks have waited in the runner while none ran. */
  readonly stuckMs: number;
  /** Of the machine's cores, what others than this host keep busy: 0 to 1. */
  readonly othersShare: number;
}

/** In so much time a page is here, also from a broker that is far away. */
const FETCH_SECONDS = 0.5;
/** A process that works starts within a second, and on a busy machine within ten. */
const STUCK_MS = 30_000;
/** Of what others do it is left to them as long as it comes to this. */
const OTHERS_COUNT_FROM = 0.5;

/** Files that may be with the runner at once, so that each thread finds its next one. */
export function mostRunning(load: HostLoad): number {
  const threads = usable(load);
  if (load.emergency || load.pressure === 'critical') return Math.min(1, threads);
  if (load.pressure === 'high') return threads;
  return 2 * threads;
}

/**
 * Whether its own runner could start on another page: a thread is free, or will be before a page is here.
 * Long files are left to hosts that can begin them now. Beside a suspect no page is taken: two of them that
 * died together would come back together, and in the end both would be named.
 */
export function takesPage(load: HostLoad): boolean {
  if (load.holdsSuspect) return false;
  if (load.emergency || load.pressure === 'critical' || load.waiting > 0 || isStuck(load)) return false;
  const threads = usable(load);
  if (load.running < threads) return true;
  return load.running < mostRunning(load) && load.workSeconds < threads * FETCH_SECONDS;
}

/** Whether pages of which nothing has begun go back: others may be able to start on them. */
export function givesBack(load: HostLoad): boolean {
  return load.emergency || load.pressure === 'critical' || load.lostThreads >= load.threads || isStuck(load);
}

/** Its runner does not come to work: also what has begun goes to others. */
export function isStuck({ stuckMs }: HostLoad): boolean {
  return stuckMs >= STUCK_MS;
}

function usable({ threads, lostThreads, othersShare }: HostLoad): number {
  const there = Math.max(0, threads - lostThreads);
  if (othersShare < OTHERS_COUNT_FROM) return there;
  return Math.min(there, Math.max(1, Math.round(there * (1 - othersShare))));
}

/** A batch that has pages, as this host sees it. */
interface Contender {
  readonly id: string;
  readonly weight: number;
  /** -10 to 10: each step is a head start. */
  readonly priority: number;
  readonly submittedMs: number;
}

/** As of tasks in a runtime's queue, for what lasts longer: a step is worth so much waiting. */
const AGEING_MS = 60_000;

/**
 * Whose turn it is: shares by weight within one level of priority. Each page raises its batch's tag by its
 * work, divided by its weight, and next is whose tag is the lowest behind its next page: a host that makes a
 * few pages a minute gives the first to whom most is due. Who comes new, comes back, or had to wait for a
 * higher priority begins where those who are served are. Owns the tags.
 */
export class Turns {
  readonly #tags = new Map<string, number>();
  /** Of the last page of each. */
  readonly #workSeconds = new Map<string, number>();
  #lastSeconds = 1;
  #floor = 0;

  /** In the order in which they are asked for a page. */
  order(batches: readonly Contender[], nowMs: number): readonly Contender[] {
    const ids = new Set(batches.map(({ id }) => id));
    for (const id of this.#tags.keys()) {
      if (ids.has(id)) continue;
      this.#tags.delete(id);
      this.#workSeconds.delete(id);
    }
    for (const { id } of batches) if (!this.#tags.has(id)) this.#tags.set(id, this.#floor);
    const level = (one: Contender) =>
      one.priority + Math.floor(Math.max(0, nowMs - one.submittedMs) / AGEING_MS);
    const levels = batches.map(level);
    // Ageing ends at the highest that was given: from there on shares go by weight again.
    const most = Math.max(...batches.map(({ priority }) => priority));
    const rank = new Map(batches.map(({ id }, at) => [id, Math.min(levels[at], most)]));
    const highest = Math.max(...rank.values());
    for (const one of batches) if ((rank.get(one.id) as number) < highest) this.missed(one);
    return batches.toSorted(
      (a, b) =>
        (rank.get(b.id) as number) - (rank.get(a.id) as number) ||
        this.#tagBehind(a) - this.#tagBehind(b) ||
        a.submittedMs - b.submittedMs,
    );
  }

  /** A page of so much work was taken. */
  served({ id, weight }: Contender, workSeconds: number): void {
    const tag = this.#tags.get(id) ?? this.#floor;
    this.#floor = Math.max(this.#floor, tag);
    this.#tags.set(id, tag + workSeconds / weight);
    this.#workSeconds.set(id, workSeconds);
    this.#lastSeconds = workSeconds;
  }

  /** It had none, or was not asked: when it is, it has no more of a claim than others. */
  missed({ id }: Contender): void {
    this.#tags.set(id, Math.max(this.#tags.get(id) ?? 0, this.#floor));
  }

  #tagBehind({ id, weight }: Contender): number {
    return (this.#tags.get(id) as number) + (this.#workSeconds.get(id) ?? this.#lastSeconds) / weight;
  }
}

/**
 * When work would start: a run through what runs, waits and is to come, as the service would start it, on the
 * threads that there are. Reused from one question to the next; it keeps nothing between them. Each piece of
 * work takes the logarithm of how many there are, and a step for each thread.
 */

/** Long work runs on as many threads as there are cores, short work on any. */
export type Lane = 'short' | 'long';

/** Work that has no thread yet. */
export interface Planned {
  lane: Lane;
  /** Of those that could start the least comes first. */
  key: number;
  /** When its body is whole, or is expected to be. */
  readyMs: number;
  /** By then it should start. */
  startByMs: number;
  /** What it is expected to take of a core. */
  workMs: number;
}

export class RunThrough {
  /** When each thread is free, and when each place of long work is. */
  readonly #threads: Float64Array;
  readonly #places: Float64Array;
  /** What is ready at the time that the run has come to, as heaps by key. */
  readonly #ready = { short: [] as Planned[], long: [] as Planned[] };

  constructor(threads: number, cores: number) {
    this.#threads = new Float64Array(threads);
    this.#places = new Float64Array(cores);
  }

  begin(nowMs: number): void {
    this.#threads.fill(nowMs);
    this.#places.fill(nowMs);
    this.#ready.short.length = 0;
    this.#ready.long.length = 0;
  }

  /** A thread is taken for so much longer. */
  runs(lane: Lane, leftMs: number): void {
    this.#threads[least(this.#threads)] += leftMs;
    if (lane === 'long') this.#places[least(this.#places)] += leftMs;
  }

  /**
   * Starts one after the other of what is to come, sorted by when it is ready.
   * @param slowing how many times longer all of it takes
   * @param starts told what starts and when; the run ends when that returns true
   */
  go(
    planned: readonly Planned[],
    slowing: number,
    starts: (planned: Planned, startMs: number) => boolean,
  ): void {
    const { short, long } = this.#ready;
    let clockMs = 0;
    for (let next = 0; ; ) {
      const thread = least(this.#threads);
      const place = least(this.#places);
      let atMs = Math.max(clockMs, this.#threads[thread]);
      if (short.length === 0) {
        // Nothing starts before a place of long work is free, or something comes.
        const placeMs = long.length === 0 ? Infinity : this.#places[place];
        const comesMs = next < planned.length ? planned[next].readyMs : Infinity;
        atMs = Math.max(atMs, Math.min(placeMs, comesMs));
        if (atMs === Infinity) return;
      }
      clockMs = atMs;
      for (; next < planned.length && planned[next].readyMs <= atMs; next++) {
        push(this.#ready[planned[next].lane], planned[next]);
      }
      const mayLong = long.length > 0 && this.#places[place] <= atMs;
      if (!mayLong && short.length === 0) continue;
      const first = mayLong && (short.length === 0 || long[0].key < short[0].key) ? long : short;
      const work = pop(first);
      const endMs = atMs + work.workMs * slowing;
      this.#threads[thread] = endMs;
      if (work.lane === 'long') this.#places[place] = endMs;
      if (starts(work, atMs)) return;
    }
  }
}

function least(times: Float64Array): number {
  let at = 0;
  for (let i = 1; i < times.length; i++) if (times[i] < times[at]) at = i;
  return at;
}

function push(heap: Planned[], item: Planned): void {
  let at = heap.push(item) - 1;
  while (at > 0) {
    const parent = (at - 1) >> 1;
    if (heap[parent].key <= item.key) break;
    heap[at] = heap[parent];
    at = parent;
  }
  heap[at] = item;
}

function pop(heap: Planned[]): Planned {
  const [first] = heap;
  const last = heap.pop() as Planned;
  if (heap.length === 0) return first;
  let at = 0;
  for (let child = 1; child < heap.length; child = 2 * at + 1) {
    if (child + 1 < heap.length && heap[child + 1].key < heap[child].key) child++;
    if (last.key <= heap[child].key) break;
    heap[at] = heap[child];
    at = child;
  }
  heap[at] = last;
  return first;
}

/**
 * What a tenant with very many tasks does to others, in virtual time: the production's queue before threads
 * that take each task's time.
 */
import { describe, expect, it } from 'vitest';
import { Queue } from '../../src/runtime/queue.ts';
import { type QueueOptions, resolveQueueOptions } from '../../src/runtime/queue-options.ts';
import { type Queued, UNPLACED } from '../../src/runtime/tenant.ts';
import { type Random, randomFrom } from '../regulation/random.ts';

const LENGTH_MS = 10;
const OTHERS = 9;
const FLOOD = 1000;

interface Task extends Queued {
  readonly lengthMs: number;
  /** It belongs to one of those who share the runtime with the flood. */
  readonly other: boolean;
}

interface Arrival {
  readonly atMs: number;
  readonly tenant: string;
  readonly other: boolean;
  readonly lengthMs: number;
}

/** Tasks of nine tenants at random times, which keep the threads busy for a share of their time. */
function arrivals(random: Random, threads: number, share: number, spanMs: number): Arrival[] {
  const all: Arrival[] = [];
  for (let tenant = 0; tenant < OTHERS; tenant++) {
    const meanMs = (OTHERS * LENGTH_MS) / (threads * share);
    for (let atMs = -meanMs * Math.log(1 - random.next()); atMs < spanMs; ) {
      all.push({ atMs, tenant: `other ${tenant}`, other: true, lengthMs: LENGTH_MS });
      atMs -= meanMs * Math.log(1 - random.next());
    }
  }
  return all;
}

/** From arrival to end, of each task of the others. */
function play(given: readonly Arrival[], threads: number, options: QueueOptions = {}): number[] {
  const queue = new Queue<Task>(resolveQueueOptions(options));
  const left = [...given].sort((a, b) => a.atMs - b.atMs);
  const running: { task: Task; endMs: number }[] = [];
  const took: number[] = [];
  let nowMs = 0;
  while (left.length + running.length > 0) {
    running.sort((a, b) => a.endMs - b.endMs);
    const [over] = running;
    const [next] = left;
    if (over !== undefined && (next === undefined || over.endMs <= next.atMs)) {
      running.shift();
      nowMs = over.endMs;
      queue.ended(over.task, over.task.takenMs, nowMs);
      if (over.task.other) took.push(nowMs - over.task.acceptedMs);
    } else {
      left.shift();
      nowMs = next.atMs;
      const { tenant, other, lengthMs } = next;
      const sizes = { priority: 0, needKib: 0, broughtKib: 0 };
      queue.add({ ...UNPLACED, ...sizes, tenant, other, lengthMs, acceptedMs: nowMs });
    }
    while (running.length < threads) {
      const task = queue.first(nowMs);
      if (task === null) break;
      queue.take(task, nowMs);
      running.push({ task, endMs: nowMs + task.lengthMs });
    }
  }
  return took;
}

function p99(values: number[]): number {
  return values.sort((a, b) => a - b)[Math.ceil(values.length * 0.99) - 1];
}

const seed = Number(process.env.MILLPOND_SEED ?? Math.floor(Math.random() * 1e9));

describe(`of ten tenants, one with a thousand tasks (seed ${seed})`, () => {
  const cases = [1, 2, 4, 16].flatMap((threads) =>
    [0.05, 0.3, 0.6].map((share) => [threads, share] as const),
  );

  it.each(cases)('leaves the p99 of the others within 3 times, on %i threads %f busy', (threads, share) => {
    const random = randomFrom(seed);
    // For as long as the flood lasts beside the others.
    const spanMs = (FLOOD * LENGTH_MS) / threads / (1 - share);
    const [alone, beside]: number[][] = [[], []];
    for (let round = 0; round < 20; round++) {
      const others = arrivals(random, threads, share, spanMs);
      const flood = Array.from({ length: FLOOD }, (): Arrival => {
        return { atMs: 0, tenant: 'flood', other: false, lengthMs: LENGTH_MS };
      });
      alone.push(...play(others, threads));
      beside.push(...play([...others, ...flood], threads));
    }
    const ratio = p99(beside) / p99(alone);
    console.log(`${threads} threads, ${share} busy: ${ratio.toFixed(2)} times, of ${alone.length} tasks`);
    expect(ratio).toBeLessThanOrEqual(3);
  });

  it('does so where its tasks are ten times as long, on threads that are enough for others', () => {
    const random = randomFrom(seed);
    const threads = 4;
    const others = arrivals(random, threads, 0.3, 50_000);
    const flood = Array.from({ length: FLOOD }, (): Arrival => {
      return { atMs: 0, tenant: 'flood', other: false, lengthMs: 10 * LENGTH_MS };
    });
    const waits = play([...others, ...flood], threads);
    // What runs is not ended, so one task of the flood's is waited for, and not two.
    expect(p99(waits)).toBeLessThan(2 * 10 * LENGTH_MS);
  });

  it('ruins it where all are one tenant: so the queue does it', () => {
    const random = randomFrom(seed);
    const others = arrivals(random, 2, 0.3, 7000).map((arrival) => ({ ...arrival, tenant: 'all' }));
    const flood = Array.from({ length: FLOOD }, (): Arrival => {
      return { atMs: 0, tenant: 'all', other: false, lengthMs: LENGTH_MS };
    });
    expect(p99(play([...others, ...flood], 2)) / p99(play(others, 2))).toBeGreaterThan(50);
  });

  it('saves up no turns while it wants none', () => {
    // One long task and nothing else, while another tenant is served beside it; and then the flood.
    const long: Arrival = { atMs: 0, tenant: 'flood', other: false, lengthMs: 10_000 };
    const flood = Array.from({ length: FLOOD }, (): Arrival => {
      return { atMs: 9000, tenant: 'flood', other: false, lengthMs: LENGTH_MS };
    });
    const steady = Array.from({ length: 600 }, (_, at): Arrival => {
      return { atMs: 1 + at * 3.3 * LENGTH_MS, tenant: 'steady', other: true, lengthMs: LENGTH_MS };
    });
    const options = { tenants: { named: { flood: { weight: 4 } } } };
    expect(Math.max(...play([long, ...flood, ...steady], 2, options))).toBeLessThan(20 * LENGTH_MS);
  });

  it('still gets its turn where tenants that are new come without end', () => {
    // One task each, as many as two threads can do, after the flood has had more than its share.
    const fresh = Array.from({ length: 20_000 }, (_, at): Arrival => {
      return { atMs: (at * LENGTH_MS) / 2, tenant: `new ${at}`, other: false, lengthMs: LENGTH_MS };
    });
    const flood = Array.from({ length: 10 }, (): Arrival => {
      return { atMs: 0, tenant: 'flood', other: true, lengthMs: LENGTH_MS };
    });
    expect(Math.max(...play([...fresh, ...flood], 2))).toBeLessThan(1000 * LENGTH_MS);
  });
});

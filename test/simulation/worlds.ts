/** Kinds of worlds, each good at another kind of trouble. */
import type { QueueOptions } from '../../src/runtime/queue-options.ts';

export interface WorldOptions {
  readonly workers: number;
  /** Turns before the end begins. */
  readonly turns: number;
  readonly budgetKib: number;
  /** Left to running tasks; with 0 any lease may outlive its task. */
  readonly reserveKib: number;
  /** Bytes of requests. */
  readonly sizes: readonly number[];
  /** Idle buffers of 1, 2 and 8 KiB, over all shards. */
  readonly maxIdle: readonly [number, number, number];
  /** One ledger call in so many is interrupted between its steps. */
  readonly interruptEvery: number;
  /** Others have a turn before one in so many of its steps. */
  readonly switchEvery: number;
  /** Milliseconds that a request waits at most. */
  readonly longestMs: number;
  /** Of ten things a job does, how many are requests, releases, and ends; the rest is everything else. */
  readonly requests: number;
  readonly releases: number;
  readonly ends: number;
  /** A thread is killed once in so many of its turns. */
  readonly killEvery: number;
  /** A thread ends by itself, and has the last word, once in so many of its steps; 0 for never. */
  readonly exitEvery: number;
  /** A post or an allocation fails once in so many times. */
  readonly failEvery: number;
  /** Rounds come from the heartbeat alone. */
  readonly rests: boolean;
  /** Most tasks declare nothing and report to nobody, and half of those bring nothing. */
  readonly light: boolean;
  /** One task in so many has a time that it may take; 0 for none. */
  readonly limitEvery: number;
  /** One task in so many has somebody who reads what it emits; 0 for none. */
  readonly emitEvery: number;
  /** Users may do something in one of so many turns of the main thread. */
  readonly usersEvery: number;
  readonly queue: QueueOptions;
}

/** Some tenants have no limits, and some each kind. */
const QUEUE: QueueOptions = {
  maxQueue: 7,
  ageingMs: 3,
  tenants: {
    named: { large: { weight: 4 }, one: { maxRunning: 1, maxQueued: 2 }, small: { maxBytes: 8192 } },
    others: { maxQueued: 4 },
  },
};

const MIXED: WorldOptions = {
  workers: 2,
  turns: 40,
  budgetKib: 24,
  reserveKib: 0,
  sizes: [1, 1024, 2000, 2048, 5000, 8192, 9000, 16_384],
  maxIdle: [6, 6, 4],
  interruptEvery: 4,
  switchEvery: 3,
  longestMs: 60,
  requests: 4,
  releases: 2,
  ends: 1,
  killEvery: 60,
  exitEvery: 0,
  failEvery: 30,
  rests: false,
  light: false,
  limitEvery: 0,
  emitEvery: 0,
  usersEvery: 1,
  queue: QUEUE,
};

export const WORLDS = {
  /** A little of everything. */
  mixed: MIXED,
  /** Large buffers that move while others count what is left. */
  tight: {
    ...MIXED,
    workers: 3,
    budgetKib: 32,
    sizes: [8192, 8192, 8192, 2048],
    maxIdle: [2, 2, 4],
    interruptEvery: 2,
    releases: 1,
    killEvery: 200,
  },
  /** Many small requests, few idle buffers: quota moves. */
  churning: {
    ...MIXED,
    workers: 3,
    turns: 200,
    sizes: [1024, 1024, 1024, 1024, 1024, 2048],
    maxIdle: [4, 1, 1],
    interruptEvery: 16,
    requests: 5,
    releases: 4,
    ends: 0,
    killEvery: 400,
  },
  /** Threads die while buffers are on their way from and to them, and posts fail. */
  deadly: {
    ...MIXED,
    workers: 3,
    turns: 60,
    sizes: [8192, 8192, 16_384],
    maxIdle: [2, 6, 8],
    killEvery: 40,
    exitEvery: 60,
    failEvery: 15,
  },
  /** More shards than buffers. */
  crowded: {
    ...MIXED,
    workers: 5,
    turns: 60,
    budgetKib: 48,
    sizes: [1024, 2048, 8192, 8192, 16_384],
    maxIdle: [4, 4, 3],
    killEvery: 100,
  },
  /** Little to do, and nothing that drives the runtime but itself. */
  resting: {
    ...MIXED,
    turns: 160,
    sizes: [1024, 2048, 8192, 8192, 16_384],
    requests: 2,
    ends: 5,
    killEvery: 200,
    rests: true,
    usersEvery: 6,
  },
  /** Results bring memory to the main thread, more than may stay idle, and tasks take it back. */
  returning: {
    ...MIXED,
    turns: 120,
    budgetKib: 48,
    sizes: [1024, 2048],
    maxIdle: [3, 2, 1],
    interruptEvery: 16,
    releases: 1,
    ends: 4,
    killEvery: 300,
    failEvery: 60,
  },
  /** Short tasks that wait for one thread, which dies between them. */
  sharing: {
    ...MIXED,
    workers: 1,
    turns: 100,
    requests: 1,
    ends: 6,
    killEvery: 200,
    exitEvery: 40,
    failEvery: 60,
    light: true,
  },
  /** What outlives a task leaves a reserve to those that run. */
  reserving: {
    ...MIXED,
    workers: 3,
    turns: 100,
    budgetKib: 40,
    reserveKib: 8,
    sizes: [2048, 2048, 8192, 8192],
    maxIdle: [4, 8, 6],
    interruptEvery: 16,
    releases: 3,
    ends: 2,
    killEvery: 400,
    failEvery: 60,
  },
  /** Tasks run for longer than they may, and lose their threads. */
  limited: {
    ...MIXED,
    turns: 80,
    ends: 2,
    killEvery: 200,
    failEvery: 60,
    limitEvery: 2,
  },
  /** Tasks emit values that are read late, or not at all. */
  emitting: {
    ...MIXED,
    workers: 1,
    turns: 160,
    budgetKib: 48,
    sizes: [1024, 2048, 8192],
    interruptEvery: 8,
    requests: 2,
    releases: 1,
    killEvery: 200,
    failEvery: 60,
    limitEvery: 8,
    emitEvery: 2,
  },
  /** Large requests wait while small ones come and go. */
  waiting: {
    ...MIXED,
    workers: 3,
    turns: 80,
    budgetKib: 16,
    sizes: [8192, 9000, 12_288, 2048, 2048, 1024],
    maxIdle: [2, 2, 1],
    interruptEvery: 8,
    longestMs: 1000,
    releases: 3,
    killEvery: 150,
    failEvery: 60,
  },
} satisfies Record<string, WorldOptions>;

export type WorldName = keyof typeof WORLDS;

/**
 * Owns a made-up runtime that answers to what the regulator does: jobs that lease memory, a CPU, process
 * memory that follows frees late and in part, and work whose speed may depend on the block size. Its shards
 * are those of `PlantMemory`; the first, the main thread's, has nothing to do. CPU load is measured by the
 * real `CpuLoad`, on this clock.
 */
import { MAIN_ROW } from '../../src/budget/layout.ts';
import { type Bytes, KiB, MiB } from '../../src/bytes.ts';
import { CpuLoad } from '../../src/machine/cpu-load.ts';
import { FRESH, WAITED } from '../../src/pool/causes.ts';
import type { PoolOptions } from '../../src/pool/options.ts';
import { tierFor } from '../../src/pool/tiers.ts';
import { type Look, optionsOf, type Source } from './closed-loop.ts';
import { PlantMemory } from './plant-memory.ts';
import { type Random, randomFrom } from './random.ts';

const TICK_MS = 200;

/** What the world asks of the runtime at a time. */
export interface Load {
  /** Of all threads, 0 to 1, were they never to wait for a core. */
  readonly cpu: number;
  /** Seconds that a thread waits for a core for each second that it runs, because of neighbours. */
  readonly contention?: number;
  /**
   * Share of the budget that jobs want to lease beside their blocks, over all threads; 1 and over is more
   * than there is.
   */
  readonly leaseShare: number;
  /** All of it on the first thread. */
  readonly greedy?: boolean;
  /** Heaps and native code, which no budget counts. */
  readonly otherBytes?: Bytes;
}

export interface PlantOptions {
  readonly seconds: number;
  readonly load: (seconds: number, random: Random) => Load;
  readonly threads?: number;
  readonly budgetBytes?: Bytes;
  readonly baselineBytes?: Bytes;
  /** What the process may have; none by default. */
  readonly limitBytes?: Bytes | null;
  /** Blocks that each busy thread works in at once. */
  readonly blocksPerThread?: number;
  /** Of the longest block that jobs would work in; any by default. */
  readonly longestBytes?: Bytes | null;
  /** Work for each CPU second beside that at other sizes. 1 for any by default. */
  readonly speed?: (blockBytes: Bytes) => number;
  /** Whether jobs report their work. True by default. */
  readonly reports?: boolean;
  /** Of the busy time, what requests take that are served at once, and those that wait. 0 by default. */
  readonly acquireShare?: (blockBytes: Bytes, seconds: number) => number;
  readonly waitShare?: (blockBytes: Bytes, seconds: number) => number;
  /** Nanoseconds, of requests that do not hit; null, as by default, when there are none. */
  readonly p99?: (blockBytes: Bytes, seconds: number) => number | null;
  /** By how much looks differ from each other in speed (standard deviation of the logarithm). */
  readonly noise?: number;
  readonly seed?: number;
}

/** Of the leases that jobs take, by bytes. */
const LEASE_MIX = [0.05, 0.25, 0.7];
/** Running jobs that end in one look, while no new ones are let in. */
const ENDING_SHARE = 0.1;

export class Plant implements Source {
  readonly parts: Source['parts'];
  readonly lowered: Source['lowered'];
  readonly #memory: PlantMemory;
  readonly #load: CpuLoad;
  readonly #pool: PoolOptions;
  readonly #options: Required<PlantOptions>;
  readonly #random: Random;
  /** Of requests: what they draw changes nothing in the rest. */
  readonly #requestRandom: Random;
  #nowMs = 0;
  #blockBytes: Bytes;
  #cpuSeconds = 0;
  #waitedSeconds = 0;
  #machineSeconds = 0;
  #p99: number | null = null;
  #p99Seconds = 0;
  #residentBytes = 0;
  #otherBytes = 0;
  #wantedShare = 0;
  #held = false;

  constructor(options: PlantOptions) {
    this.#options = {
      threads: 2,
      budgetBytes: 100 * MiB,
      baselineBytes: 65_536,
      limitBytes: null,
      blocksPerThread: 1,
      longestBytes: null,
      speed: () => 1,
      reports: true,
      acquireShare: () => 0,
      waitShare: () => 0,
      p99: () => null,
      noise: 0,
      seed: 1,
      ...options,
    };
    const { budgetBytes, threads, baselineBytes, limitBytes, longestBytes, seed } = this.#options;
    this.#blockBytes = baselineBytes;
    this.#random = randomFrom(seed);
    this.#requestRandom = randomFrom(seed + 1e6);
    this.#pool = optionsOf(budgetBytes, baselineBytes);
    this.#memory = new PlantMemory(this.#pool, threads);
    this.#memory.longestBytes = longestBytes;
    this.lowered = this.#memory.lowered;
    this.#load = new CpuLoad({
      now: () => this.#nowMs,
      processCpu: () => this.#cpuSeconds,
      systemCpu: () => ({
        busySeconds: this.#machineSeconds,
        totalSeconds: (threads * this.#nowMs) / 1000,
      }),
      // As many alike as there are cores.
      threadTimes: () =>
        Array.from({ length: threads }, (_, at) => ({
          ...{ id: String(at), atMs: this.#nowMs },
          ...{ ranSeconds: this.#cpuSeconds / threads, waitedSeconds: this.#waitedSeconds / threads },
        })),
      cores: () => threads,
    });
    this.parts = {
      ledger: this.#memory,
      coordinator: this.#memory,
      admission: {
        hold: (held) => {
          this.#held = held;
        },
      },
      options: this.#pool,
      threads,
      load: this.#load,
      readMemory: () => {
        const rssBytes = this.#residentBytes + this.#otherBytes;
        return { rssBytes, limitBytes, share: limitBytes === null ? null : rssBytes / limitBytes };
      },
    };
  }

  get p99Nanoseconds(): number | null {
    return this.#p99;
  }

  get quotas(): Source['quotas'] {
    return this.#memory.quotas;
  }

  next(): Look | null {
    const { seconds, load, noise, speed, reports, threads } = this.#options;
    const memory = this.#memory;
    if (this.#nowMs >= seconds * 1000) return null;
    this.#nowMs += TICK_MS;
    memory.deliver();
    const asked = load(this.#nowMs / 1000, this.#random);
    this.#admit(asked.leaseShare);
    for (let at = 0; at < threads; at++) this.#lease(at, asked);
    memory.round();
    // Blocks change between blocks: what is advised now is worked in from the next look on.
    const factor = speed(this.#blockBytes) * Math.exp(noise * this.#random.normal());
    const { cpu, contention = 0 } = asked;
    const coreSeconds = threads * (TICK_MS / 1000);
    // It sleeps as long as ever for each second that it runs, and waits besides.
    const cpuSeconds = (coreSeconds * cpu) / (1 + contention * cpu);
    this.#waitedSeconds += contention * cpuSeconds;
    this.#machineSeconds += contention > 0 ? coreSeconds : cpuSeconds;
    this.#request(cpuSeconds);
    this.#blockBytes = Math.min(memory.header.blockBytes, memory.longestBytes ?? Number.POSITIVE_INFINITY);
    this.#cpuSeconds += cpuSeconds;
    if (reports) memory.processedBytes += cpuSeconds * 50 * MiB * factor;
    const busyMs = this.#cpuSeconds * 1000;
    const eventLoop = { active: busyMs, idle: Math.max(0, threads * this.#nowMs - busyMs) };
    this.#load.sample([{ shard: 1, eventLoop: () => eventLoop }]);
    const heldBytes = memory.sumKib() * KiB;
    this.#residentBytes = Math.max(heldBytes, this.#residentBytes - 0.01 * this.#residentBytes);
    this.#otherBytes = asked.otherBytes ?? 0;
    return { nowMs: this.#nowMs, cpu: this.#load.share, heldBytes };
  }

  /** What threads do in so much busy time, with the size that they worked in. */
  #request(busySeconds: number): void {
    const { acquireShare, waitShare, p99, noise } = this.#options;
    const seconds = this.#nowMs / 1000;
    const spend = (cause: number, share: number): void => {
      const noisy = share * Math.exp(noise * this.#requestRandom.normal());
      this.#memory.requests[cause].nanoseconds += Math.min(1, noisy) * busySeconds * 1e9;
    };
    spend(FRESH, acquireShare(this.#blockBytes, seconds));
    spend(WAITED, waitShare(this.#blockBytes, seconds));
    if (seconds - this.#p99Seconds < 1) return;
    this.#p99Seconds = seconds;
    const nanoseconds = p99(this.#blockBytes, seconds);
    this.#p99 = nanoseconds && nanoseconds * Math.exp(noise * this.#requestRandom.normal());
  }

  /** Jobs that wait for admission hold nothing; those that run end by and by. */
  #admit(wanted: number): void {
    this.#wantedShare = this.#held ? Math.min(wanted, this.#wantedShare * (1 - ENDING_SHARE)) : wanted;
  }

  #lease(at: number, { cpu, greedy = false }: Load): void {
    const { threads, blocksPerThread, budgetBytes } = this.#options;
    const memory = this.#memory;
    const row = MAIN_ROW + 1 + at;
    const [takers, place] = greedy ? [1, at === 0 ? 0 : 1] : [threads, at];
    const blocks = at < Math.ceil(cpu * threads) ? blocksPerThread : 0;
    for (const [tier, capacity] of memory.capacities.entries()) {
      const ownBlocks = tierFor(this.#blockBytes, this.#pool.tiers) === tier ? blocks : 0;
      const leases = Math.round((LEASE_MIX[tier] * this.#wantedShare * budgetBytes) / capacity);
      // The first ones get what does not divide.
      const own = place < takers ? Math.floor((leases + takers - 1 - place) / takers) : 0;
      const wanted = own + ownBlocks;
      while (memory.inUse(row, tier) > wanted) memory.release(row, tier);
      while (memory.inUse(row, tier) < wanted && memory.acquire(row, tier));
    }
  }
}

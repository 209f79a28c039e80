/**
 * Owns a made-up runtime that answers to what the policies decide: shards with buffers in use and idle, quotas, a budget that
 * is never passed, process memory that follows frees late and in part, and work whose speed may depend on the block size.
 * Invariant: what is held is within the budget, always.
 */
import { type Bytes, MiB } from '../../src/bytes.ts';
import { DEFAULT_TIERS, tierFor } from '../../src/pool/tiers.ts';
import { blockSizes } from '../../src/sizing/block-sizes.ts';
import type { Acts, Look, Source } from './closed-loop.ts';
import { type Random, randomFrom } from './random.ts';

export const TICK_MS = 200;

/** What the world asks of the runtime at a time. */
export interface Load {
  /** Of all threads, 0 to 1. */
  readonly cpu: number;
  /** Share of the budget that jobs want to lease beside their blocks, over all threads; 1 and over is more than there is. */
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
  /** Work for each CPU second beside that at other sizes. 1 for any by default. */
  readonly speed?: (blockBytes: Bytes) => number;
  /** By how much looks differ from each other in speed (standard deviation of the logarithm). */
  readonly noise?: number;
  readonly seed?: number;
}

const TIERS = DEFAULT_TIERS.map(({ capacity }) => capacity);
/** Of the leases that jobs take, by bytes. */
const LEASE_MIX = [0.05, 0.25, 0.7];
/** Running jobs that end in one look, while no new ones are let in. */
const ENDING_SHARE = 0.1;

interface Row {
  readonly use: number[];
  readonly idle: number[];
  readonly quota: number[];
  overflowed: boolean[];
}

export class Plant implements Source {
  readonly budgetBytes: Bytes;
  readonly sizes: Source['sizes'];
  readonly retained = [8, 4, 1];
  readonly #options: Required<PlantOptions>;
  readonly #random: Random;
  readonly #rows: Row[];
  readonly #spare = [0, 0, 0];
  #nowMs = 0;
  #blockBytes: Bytes;
  #cpu = 0;
  #processedBytes = 0;
  #cpuSeconds = 0;
  #residentBytes = 0;
  #heldBytes = 0;
  #wantedShare = 0;

  constructor(options: PlantOptions) {
    this.#options = {
      threads: 2,
      budgetBytes: 100 * MiB,
      baselineBytes: 65_536,
      limitBytes: null,
      blocksPerThread: 1,
      speed: () => 1,
      noise: 0,
      seed: 1,
      ...options,
    };
    const { budgetBytes, threads, baselineBytes } = this.#options;
    this.budgetBytes = budgetBytes;
    this.sizes = blockSizes({ baselineBytes, budgetBytes, threads });
    this.#blockBytes = baselineBytes;
    this.#random = randomFrom(this.#options.seed);
    const quota = DEFAULT_TIERS.map(({ maxIdle }) => Math.ceil(maxIdle / threads));
    this.#rows = Array.from({ length: threads }, () => ({
      use: [0, 0, 0],
      idle: [0, 0, 0],
      quota: [...quota],
      overflowed: [false, false, false],
    }));
  }

  next(acts: Acts): Look | null {
    const { seconds, load, noise, speed, threads, limitBytes } = this.#options;
    if (this.#nowMs >= seconds * 1000) return null;
    this.#nowMs += TICK_MS;
    for (const { row, tier, count } of acts.lowerings) {
      const { quota, idle } = this.#rows[row];
      quota[tier] -= count;
      this.#spare[tier] += count;
      this.#free(this.#rows[row], tier, Math.max(0, idle[tier] - quota[tier]));
    }
    const asked = load(this.#nowMs / 1000, this.#random);
    this.#admit(asked.leaseShare, acts.emergency);
    for (let at = 0; at < threads; at++) this.#lease(at, asked);
    if (acts.pressure !== 'nominal') this.#trim(acts.emergency ? 1 : 0.5);
    // Blocks change between blocks: what is advised now is worked in from the next look on.
    const factor = speed(this.#blockBytes) * Math.exp(noise * this.#random.normal());
    this.#blockBytes = acts.blockBytes;
    const cpuSeconds = threads * asked.cpu * (TICK_MS / 1000);
    this.#cpuSeconds += cpuSeconds;
    this.#processedBytes += cpuSeconds * 50 * MiB * factor;
    this.#cpu += 0.2 * (asked.cpu - this.#cpu);

    const idleBytes = this.#sum((row) => row.idle);
    this.#residentBytes = Math.max(this.#heldBytes, this.#residentBytes - 0.01 * this.#residentBytes);
    const other = asked.otherBytes ?? 0;
    return {
      nowMs: this.#nowMs,
      cpu: this.#cpu,
      heldBytes: this.#heldBytes,
      processedBytes: this.#processedBytes,
      cpuSeconds: this.#cpuSeconds,
      idleBytes,
      processShare: limitBytes === null ? null : (this.#residentBytes + other) / limitBytes,
      uses: this.#rows.map(({ use, quota }, row) => ({ row, use: [...use], quota: [...quota] })),
    };
  }

  /** Jobs that wait for admission hold nothing; those that run end by and by. */
  #admit(wanted: number, emergency: boolean): void {
    this.#wantedShare = emergency ? Math.min(wanted, this.#wantedShare * (1 - ENDING_SHARE)) : wanted;
  }

  #lease(at: number, { cpu, greedy = false }: Load): void {
    const { threads, blocksPerThread, budgetBytes } = this.#options;
    const row = this.#rows[at];
    const [takers, place] = greedy ? [1, at === 0 ? 0 : 1] : [threads, at];
    const blocks = at < Math.ceil(cpu * threads) ? blocksPerThread : 0;
    for (let tier = 0; tier < TIERS.length; tier++) {
      const ownBlocks = tierFor(this.#blockBytes, DEFAULT_TIERS) === tier ? blocks : 0;
      const leases = Math.round((LEASE_MIX[tier] * this.#wantedShare * budgetBytes) / TIERS[tier]);
      // The first ones get what does not divide.
      const own = place < takers ? Math.floor((leases + takers - 1 - place) / takers) : 0;
      const wanted = own + ownBlocks;
      while (row.use[tier] > wanted) this.#release(row, tier);
      let missed = 0;
      while (row.use[tier] < wanted && this.#acquire(row, tier)) missed++;
      // Allocated and freed for lack of room within a short time: quota from what is spare.
      const raised = row.overflowed[tier] ? Math.min(missed, this.#spare[tier]) : 0;
      row.quota[tier] += raised;
      this.#spare[tier] -= raised;
      if (missed > 0) row.overflowed[tier] = false;
    }
  }

  #acquire(row: Row, tier: number): boolean {
    const { budgetBytes } = this.#options;
    if (row.idle[tier] > 0) row.idle[tier]--;
    else {
      if (this.#heldBytes + TIERS[tier] > budgetBytes) this.#trim(1);
      if (this.#heldBytes + TIERS[tier] > budgetBytes) return false;
      this.#heldBytes += TIERS[tier];
    }
    row.use[tier]++;
    return true;
  }

  #release(row: Row, tier: number): void {
    row.use[tier]--;
    if (row.idle[tier] < row.quota[tier]) row.idle[tier]++;
    else {
      row.overflowed[tier] = true;
      this.#heldBytes -= TIERS[tier];
    }
  }

  /** Frees a share of what is idle. */
  #trim(share: number): void {
    for (const row of this.#rows) {
      for (let tier = 0; tier < TIERS.length; tier++) {
        this.#free(row, tier, Math.ceil(row.idle[tier] * share));
      }
    }
  }

  #free(row: Row, tier: number, count: number): void {
    row.idle[tier] -= count;
    this.#heldBytes -= count * TIERS[tier];
  }

  #sum(of: (row: Row) => readonly number[]): Bytes {
    return this.#rows.reduce(
      (sum, row) => sum + of(row).reduce((bytes, count, tier) => bytes + count * TIERS[tier], 0),
      0,
    );
  }
}

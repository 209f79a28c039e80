/**
 * CPU loads in the mean of an interval, from samples that come about once a second. Owned by the recording,
 * on the main thread.
 * Invariant: a sample counts for one interval.
 */
import type { CpuSnapshot } from '../../machine/cpu-load.ts';

interface Sum {
  sum: number;
  count: number;
}

export class MeanLoads {
  #process: Sum = { sum: 0, count: 0 };
  #system: Sum = { sum: 0, count: 0 };
  #byShard = new Map<number, Sum>();
  /** Since the last one was taken. */
  samples = 0;

  /** What could not be read is left out. */
  add({ process, system, byShard }: CpuSnapshot): void {
    this.samples++;
    count(this.#process, process.smoothed);
    count(this.#system, system.smoothed);
    for (const { shard, cpu } of byShard) {
      const sum = this.#byShard.get(shard) ?? { sum: 0, count: 0 };
      count(sum, cpu.raw);
      this.#byShard.set(shard, sum);
    }
  }

  /** Each 0 to 1, to the thousandth; null where there was no sample. Starts afresh. */
  take(): { process: number | null; system: number | null; of(shard: number): number | null } {
    const byShard = this.#byShard;
    const means = {
      process: mean(this.#process),
      system: mean(this.#system),
      of: (shard: number): number | null => mean(byShard.get(shard)),
    };
    this.#process = { sum: 0, count: 0 };
    this.#system = { sum: 0, count: 0 };
    this.#byShard = new Map();
    this.samples = 0;
    return means;
  }
}

function count(sum: Sum, load: number | null): void {
  if (load === null) return;
  sum.sum += load;
  sum.count++;
}

function mean(sum: Sum | undefined): number | null {
  if (sum === undefined || sum.count === 0) return null;
  return Math.round((1000 * sum.sum) / sum.count) / 1000;
}

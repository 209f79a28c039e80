/**
 * How much work a second of CPU does, for the record of decisions. Owned by the regulator, on the main
 * thread.
 */
import type { Observation } from './observation.ts';

/** Over how long it is read. */
const SPAN_MS = 1000;

export class Throughput {
  /** Over the last whole span; null where no work was reported in it, or no CPU spent. */
  bytesPerCpuSecond: number | null = null;
  #since: Observation;

  constructor(now: Observation) {
    this.#since = now;
  }

  look(now: Observation): void {
    const since = this.#since;
    if (now.atMs - since.atMs < SPAN_MS) return;
    this.#since = now;
    const spent = now.cpuSeconds - since.cpuSeconds;
    const bytes = now.processedBytes - since.processedBytes;
    this.bytesPerCpuSecond = spent > 0 && bytes > 0 ? bytes / spent : null;
  }
}

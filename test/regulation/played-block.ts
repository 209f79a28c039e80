import { KiB, MiB } from '../../src/bytes.ts';
import { type BlockChange, nextBlock } from '../../src/regulation/block-policy.ts';
import { blockSizes } from '../../src/regulation/block-sizes.ts';
import {
  type BlockPolicy,
  type BlockState,
  DEFAULT_BLOCK_POLICY,
  startBlock,
} from '../../src/regulation/block-state.ts';
import type { PressureLevel } from '../../src/regulation/pressure.ts';

export const policy: BlockPolicy = {
  ...DEFAULT_BLOCK_POLICY,
  ...blockSizes({ baselineBytes: 64 * KiB, budgetBytes: 100 * MiB, threads: 2 }),
};
const TICK_MS = 200;

/**
 * A block under given inputs: two threads are busy all the time, work goes on at `rate` bytes for each CPU
 * second, and requests take a share of the time, each by the size in use.
 */
export class Played {
  state: BlockState;
  nowMs = 0;
  processedBytes = 0;
  cpuSeconds = 0;
  busySeconds = 0;
  acquireSeconds = 0;
  waitSeconds = 0;
  rate: (bytes: number) => number = () => 1e6;
  acquireShare: (bytes: number) => number = () => 0;
  waitShare: (bytes: number) => number = () => 0;
  p99: (bytes: number) => number | null = () => null;
  longestBytes: number | null = null;

  constructor(bytes = policy.baselineBytes) {
    this.state = { ...startBlock(policy, 0), bytes };
  }

  /** One look; returns what changed. */
  look(
    input: { pressure?: PressureLevel; cpu?: number | null; heldBytes?: number } = {},
    given: BlockPolicy = policy,
  ): BlockChange | null {
    const { pressure = 'nominal', cpu = 0.5, heldBytes = 50 * MiB } = input;
    this.nowMs += TICK_MS;
    this.cpuSeconds += 0.4;
    this.processedBytes += 0.4 * this.rate(this.state.bytes);
    this.busySeconds += 0.4;
    this.acquireSeconds += 0.4 * this.acquireShare(this.state.bytes);
    this.waitSeconds += 0.4 * this.waitShare(this.state.bytes);
    const { nowMs, processedBytes, cpuSeconds, busySeconds, acquireSeconds, waitSeconds } = this;
    const requests = { busySeconds, acquireSeconds, waitSeconds, p99Nanoseconds: this.p99(this.state.bytes) };
    const work = { nowMs, processedBytes, cpuSeconds };
    const { longestBytes } = this;
    const look = { ...work, ...requests, cpu, pressure, heldBytes, longestBytes };
    const next = nextBlock(this.state, look, given);
    this.state = next.state;
    return next.change;
  }

  /** So many seconds of the same; returns what changed, turns of trials left out. */
  looks(seconds: number, input: Parameters<Played['look']>[0] = {}): string[] {
    const changes: string[] = [];
    for (let tick = 0; tick < (seconds * 1000) / TICK_MS; tick++) {
      const change = this.look(input);
      if (change !== null && !change.turn) changes.push(`${change.kind} ${change.bytes / KiB}`);
    }
    return changes;
  }
}

export const elevated = { pressure: 'elevated' } as const;
export const busy = { cpu: 0.9 } as const;

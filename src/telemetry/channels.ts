/**
 * Messages to subscribers of `node:diagnostics_channel`, on the thread where things happen: subscribe to a
 * worker's slow paths in a file that its job imports, to all others but `millpond:release-to-memory` on the
 * main thread. No message is built without a subscriber. A subscriber is called in the middle of the
 * operation: it must not use the pool.
 */
import { type Channel, channel } from 'node:diagnostics_channel';
import type { Bytes } from '../bytes.ts';
import type { CauseName } from '../pool/causes.ts';
import type { TierName } from '../pool/tiers.ts';
import type { Decision } from '../regulation/decision.ts';
import type { PressureLevel } from '../regulation/pressure.ts';
import type { PressureSnapshot } from '../regulation/snapshots.ts';

/** A request that its thread's idle memory did not serve at once. */
export interface AcquireSlowPathMessage {
  /** The step that served it, or `refused`. */
  readonly cause: CauseName;
  /** Of the request; the largest one's where several were refused at once. */
  readonly tier: TierName;
  /** Asked for. */
  readonly bytes: Bytes;
  /** From the call to the lease, or to the refusal. */
  readonly nanoseconds: number;
}

/** A buffer went back to the system. */
export interface ReleaseToMemoryMessage {
  readonly tier: TierName;
  readonly bytes: Bytes;
}

/** One round moved quota or idle buffers between shards; 0 is the main thread. */
export interface RebalanceMessage {
  readonly moves: readonly {
    readonly kind: 'quota' | 'buffers';
    readonly tier: TierName;
    readonly from: number;
    readonly to: number;
    /** Buffers. */
    readonly count: number;
  }[];
}

/** What was known of memory then. */
export interface PressureMessage {
  readonly from: PressureLevel;
  readonly to: PressureLevel;
  readonly pressure: PressureSnapshot;
}

export interface WorkerLostMessage {
  readonly shard: number;
  readonly exitCode: number;
  /** The name of the task that died with it, if one ran. */
  readonly task?: string;
  /** The job of that task, where the runtime has several. */
  readonly job?: string;
  /** What was reclaimed: its own memory and its loans. */
  readonly reclaimedBytes: Bytes;
}

class Topic<Message extends object> {
  readonly #channel: Channel<unknown, Message>;

  constructor(name: string) {
    this.#channel = channel(name);
  }

  /** Builds and publishes a message if there is a subscriber. */
  publish(build: () => Message): void {
    if (this.#channel.hasSubscribers) this.#channel.publish(build());
  }
}

export const channels = {
  acquireSlowPath: new Topic<AcquireSlowPathMessage>('millpond:acquire-slow-path'),
  releaseToMemory: new Topic<ReleaseToMemoryMessage>('millpond:release-to-memory'),
  rebalance: new Topic<RebalanceMessage>('millpond:rebalance'),
  /** When it was decided, and again with its score. */
  sizing: new Topic<Decision>('millpond:sizing'),
  pressure: new Topic<PressureMessage>('millpond:pressure'),
  workerLost: new Topic<WorkerLostMessage>('millpond:worker-lost'),
} as const;

import { MiB } from '../../src/bytes.ts';
import { Coordinator } from '../../src/coordinator/coordinator.ts';
import type { Link } from '../../src/coordinator/links.ts';
import { Quotas } from '../../src/coordinator/quotas.ts';
import type { Move } from '../../src/coordinator/rebalance.ts';
import type { Answer, ToWorker } from '../../src/messages/asks.ts';
import type { Crate } from '../../src/messages/tasks.ts';
import type { Lease } from '../../src/pool/lease.ts';
import { type PoolOptions, resolvePoolOptions } from '../../src/pool/options.ts';
import type { Store } from '../../src/pool/store.ts';
import { Responder } from '../../src/thread/responder.ts';
import { MEDIUM, makeStand, type TestShard } from '../stand.ts';

/**
 * A coordinator with real shards behind in-memory ports: `deliver` plays a worker that looks into its
 * mailbox.
 */
export function start(given: Partial<PoolOptions> = {}, workers = 2) {
  const options = resolvePoolOptions({ budgetBytes: 8 * MiB, safety: 'full', ...given }, 1);
  const stand = makeStand(options, { shards: workers + 1, quotas: [0, 0, 0] });
  const [main, ...shards] = stand.shards;
  const quotas = new Quotas(options.tiers, workers + 1);
  quotas.open(0).forEach((quota, tier) => void main.idle.setQuota(tier, quota));
  const refused: number[] = [];
  const rebalanced: (readonly Move[])[] = [];
  const clock = { ms: 0 };
  const coordinator = new Coordinator({
    ledger: stand.ledger,
    shard: main,
    options,
    quotas,
    events: {
      rebalanced: (moves) => rebalanced.push(moves),
      closed: () => {},
      refused: (row, requests) => refused.push(row, requests),
    },
    now: () => clock.ms,
  });
  const ports = shards.map((shard) => new Port(shard, coordinator));
  for (const port of ports) {
    coordinator.connect(port.shard.row, port);
    port.deliver();
  }
  return { stand, options, main, shards, quotas, coordinator, ports, refused, rebalanced, clock };
}

class Port implements Link {
  readonly shard: TestShard;
  readonly #coordinator: Coordinator;
  readonly toWorker: ToWorker[] = [];
  readonly fromWorker: Answer[] = [];
  failing = false;
  closed = false;

  constructor(shard: TestShard, coordinator: Coordinator) {
    this.shard = shard;
    this.#coordinator = coordinator;
  }

  post(message: ToWorker, transfer: ArrayBuffer[]): void {
    if (this.failing) throw new Error('the port refuses');
    // As a real port: the buffers are detached here and live on in the message.
    this.toWorker.push(structuredClone(message, { transfer }));
  }

  receive(): Answer | undefined {
    return this.fromWorker.shift();
  }

  close(): void {
    this.closed = true;
  }

  /** The worker handles its mail; its answers reach the coordinator only by `answer`. */
  deliver(): void {
    const row = this.shard.ledger.row(this.shard.row);
    row.clearMail();
    const side = new Responder(this.shard, {
      post: (message, transfer) => void this.fromWorker.push(structuredClone(message, { transfer })),
      cancelled: () => {},
      closed: (leaks) => void this.fromWorker.push({ kind: 'closed', leaks }),
    });
    for (const message of this.toWorker.splice(0)) {
      row.countMail();
      side.handle(message);
    }
  }

  answer(): void {
    for (const message of this.fromWorker.splice(0)) this.#coordinator.handle(this.shard.row, message);
  }
}

export type Started = ReturnType<typeof start>;

/** A lease on the main thread over a buffer that a worker's result brought. */
export function produce(producer: TestShard, main: TestShard, coordinator: Coordinator): Lease {
  const store = producer.leases.detach(producer.acquire(MEDIUM));
  const crate = { buffer: store.buffer.transfer(), tier: 1, asked: 1, length: MEDIUM, loan: 0 };
  return main.attach(coordinator.transfers.attach(producer.row, [crate])[0], MEDIUM, 1);
}

export function crateOf({ buffer, tier }: Store, loan: number): Crate {
  return { buffer: buffer.transfer(), tier, asked: tier, length: buffer.byteLength, loan };
}

export function hoard(shard: TestShard, size: number, count: number): void {
  for (const lease of shard.acquireAll(Array.from({ length: count }, () => size))) lease.release();
}

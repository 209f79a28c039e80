/**
 * The coordinator with up to 1024 shards, all on one thread: what a round costs, and how soon a skewed demand
 * is met.
 */
import { strict as assert } from 'node:assert';
import { Coordinator } from '../../src/coordinator/coordinator.ts';
import type { Link } from '../../src/coordinator/links.ts';
import { Quotas } from '../../src/coordinator/quotas.ts';
import type { Answer, ToWorker } from '../../src/messages/asks.ts';
import { resolvePoolOptions } from '../../src/pool/options.ts';
import { Responder } from '../../src/thread/responder.ts';
import { makeStand, type TestShard } from '../../test/stand.ts';
import type { Benchmark, Table } from '../benchmark.ts';
import { significant, spread } from '../rounds.ts';
import { atMost } from '../targets.ts';

const SHARDS = [2, 8, 64, 256, 1024];
const MEDIUM = 65_536;
/** Buffers that one shard uses at a time; the others have used one each, and keep what they may. */
const DEMAND = 60;
const MOST_ROUNDS = 200;
const STEADY_ROUNDS = 40;

const benchmark: Benchmark = {
  name: 'shards',
  question: 'What does a round of the coordinator cost, and how many rounds does a skewed demand wait?',
  run: async () => {
    // Once for nothing: a runtime's rounds are soon compiled, and a few busy ones are all there are to
    // measure.
    measure(SHARDS[3]);
    return [table(SHARDS.map(measure))];
  },
};
export default benchmark;

interface Figures {
  readonly shards: number;
  /** Milliseconds of a round once all is settled, and of the slowest while memory moved. */
  readonly steadyMs: number;
  readonly slowestMs: number;
  /** Rounds until the needy shard allocated nothing any more. */
  readonly rounds: number;
}

function table(figures: readonly Figures[]): Table {
  const last = figures[figures.length - 1];
  return {
    title: `One shard of many wants ${DEMAND} medium buffers at a time`,
    columns: ['shards', 'round, settled (ms)', 'slowest round (ms)', 'rounds until met', 'us a shard'],
    rows: figures.map(({ shards, steadyMs, slowestMs, rounds }) => [
      shards,
      significant(steadyMs),
      significant(slowestMs),
      rounds,
      significant((steadyMs * 1000) / shards),
    ]),
    notes: [
      'Production coordinator, ledger and shards over ports that deliver at once; a runtime has a round each 50 ms.',
      "Everywhere the sum of what may lie idle stays within the tier's total, and the ledger is 0 at the end.",
    ],
    targets: [atMost(`a settled round with ${last.shards} shards`, last.steadyMs, 5, 'ms')],
  };
}

function measure(workers: number): Figures {
  const options = resolvePoolOptions({}, 1);
  const stand = makeStand({ safety: 'off' }, { shards: workers + 1, quotas: [0, 0, 0] });
  const [main, ...shards] = stand.shards;
  const quotas = new Quotas(options.tiers, workers + 1);
  quotas.open(0).forEach((quota, tier) => {
    main.idle.setQuota(tier, quota);
  });
  const events = { closed: () => {}, rebalanced: () => {}, refused: () => {} };
  const { ledger } = stand;
  const now = () => performance.now();
  const coordinator = new Coordinator({ ledger, shard: main, options, quotas, events, now });
  const ports = shards.map((shard) => new Port(shard));
  for (const port of ports) coordinator.connect(port.shard.row, port);

  for (const port of ports) port.deliver();
  for (const shard of shards) use(shard, 1);
  coordinator.tick();

  const times: number[] = [];
  function round(): number {
    for (const port of ports) port.deliver();
    const [needy] = shards;
    const before = needy.supply.allocations;
    use(needy, DEMAND);
    const startMs = performance.now();
    for (const port of ports)
      for (const message of port.answers.splice(0)) coordinator.handle(port.shard.row, message);
    coordinator.tick();
    times.push(performance.now() - startMs);
    return needy.supply.allocations - before;
  }

  let rounds = 0;
  while (round() > 0 && rounds < MOST_ROUNDS) rounds++;
  const moving = times.splice(0);
  for (let steady = 0; steady < STEADY_ROUNDS; steady++) round();
  const kept = stand.shards.reduce((sum, shard) => sum + shard.idle.lists[1].quota, 0);
  assert.ok(kept <= options.tiers[1].maxIdle, `${kept} medium buffers may lie idle`);
  for (const shard of stand.shards) shard.close();
  assert.equal(stand.used(), 0);
  return { shards: workers, steadyMs: spread(times).median, slowestMs: Math.max(...moving), rounds };
}

function use(shard: TestShard, count: number): void {
  for (const lease of shard.acquireAll(new Array(count).fill(MEDIUM))) lease.release();
}

/** A port that is two lists. */
class Port implements Link {
  readonly shard: TestShard;
  readonly answers: Answer[] = [];
  readonly #messages: ToWorker[] = [];
  readonly #side: Responder;

  constructor(shard: TestShard) {
    this.shard = shard;
    this.#side = new Responder(shard, {
      post: (message, transfer) => void this.answers.push(structuredClone(message, { transfer })),
      cancelled: () => {},
      closed: () => {},
    });
  }

  post(message: ToWorker, transfer: ArrayBuffer[]): void {
    this.#messages.push(structuredClone(message, { transfer }));
  }

  receive(): Answer | undefined {
    return this.answers.shift();
  }

  close(): void {}

  deliver(): void {
    for (const message of this.#messages.splice(0)) this.#side.handle(message);
  }
}

/** Blocks from worker to worker by way of the main thread, moved and copied. */
import { strict as assert } from 'node:assert';
import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { createRuntime, KiB } from '../../src/index.ts';
import type { Benchmark, Context, Table } from '../benchmark.ts';
import type { Gathered, Made, Request, Taken } from '../jobs/move-blocks.ts';
import type { Order, Report } from '../jobs/relay-blocks.ts';
import { interleave, type Spread, significant, spread } from '../rounds.ts';
import { atMost, noSlower } from '../targets.ts';

const BLOCKS = 64;
const BYTES = 64 * KiB;
const SUM = (BLOCKS * (BLOCKS + 1)) / 2;
/** Both sides pass through a dozen functions, which are compiled one after the other. */
const WARM_CYCLES = 500;
const CYCLES = 100;

/** Nanoseconds of one cycle, all blocks together. */
interface Cycle {
  readonly oneWay: number;
  readonly andBack: number | undefined;
}

interface Contender extends AsyncDisposable {
  readonly label: string;
  cycle(): Promise<Cycle>;
}

const benchmark: Benchmark = {
  name: 'transfer',
  question: `What does it cost to move ${BLOCKS} blocks of 64 KiB from worker to worker?`,
  run,
};
export default benchmark;

async function run({ rounds }: Context): Promise<Table[]> {
  await using stack = new AsyncDisposableStack();
  const contenders: Contender[] = [];
  for (const start of [leases, rebalanced, () => relayed(true), () => relayed(false)]) {
    contenders.push(stack.use(await start()));
  }
  for (const { cycle } of contenders) for (let turn = 0; turn < WARM_CYCLES; turn++) await cycle();
  const andBack = contenders.map((): number[] => []);
  const oneWay = await interleave(contenders, rounds, async (contender) => {
    const cycles: Cycle[] = [];
    for (let turn = 0; turn < CYCLES; turn++) cycles.push(await contender.cycle());
    const back = cycles.flatMap((cycle) => cycle.andBack ?? []);
    if (back.length > 0) andBack[contenders.indexOf(contender)].push(spread(back).median / BLOCKS);
    return spread(cycles.map((cycle) => cycle.oneWay)).median / BLOCKS;
  });
  const cells = ({ median, least, most }: Spread) => [median, least, most].map(significant);
  const [ours, balanced, , copied] = oneWay;
  return [
    {
      title: `${BLOCKS} blocks of 64 KiB from worker to worker (ns a block)`,
      columns: ['', 'median', 'least', 'most', 'there and back'],
      rows: contenders.map(({ label }, at) => [
        label,
        ...cells(oneWay[at]),
        andBack[at].length > 0 ? significant(spread(andBack[at]).median) : '',
      ]),
      notes: [
        `Medians of ${rounds} interleaved rounds, each the median of ${CYCLES} moves of ${BLOCKS} blocks at once.`,
        'From the last line of the job that made them to the first of the job that reads them; every block is checked.',
        'A shard that lacks memory: from its request to its leases, all of them idle in the other worker before.',
      ],
      targets: [
        atMost('result to input', ours.median, 4000, 'ns a block'),
        atMost('idle memory to a shard that lacks it', balanced.median, 4000, 'ns a block'),
        noSlower('result to input, beside copying', ours, copied),
      ],
    },
  ];
}

/** As users do it: what one job returns is another's input, and goes home when that one ends. */
async function leases(): Promise<Contender> {
  const runtime = await createRuntime({
    job: new URL('../jobs/move-blocks.ts', import.meta.url),
    threads: 2,
  });
  const run = <Result>(request: Request) => runtime.run<Result>(request);
  return {
    label: 'leases, from a result to an input',
    async cycle() {
      // Free workers are asked in a fixed order: the first is held while the second gets its task.
      const [held, make] = [gate(), gate()];
      const holding = run({ kind: 'hold', gate: held });
      const making = run<Made>({ kind: 'make', blocks: BLOCKS, bytes: BYTES, gate: make });
      open(held);
      await holding;
      open(make);
      const { blocks, atNs, thread } = await making;
      const taken = await run<Taken>({ kind: 'take', blocks });
      assert.equal(taken.sum, SUM, 'leases arrived with other samples');
      assert.notEqual(taken.thread, thread, 'both jobs ran in the same worker');
      return { oneWay: taken.atNs - atNs, andBack: nowNs() - atNs };
    },
    async [Symbol.asyncDispose]() {
      const { pool } = runtime.snapshot();
      assert.ok(pool.hitRate > 0.9, `blocks came home for ${pool.hitRate} of the leases only`);
      await runtime.close();
    },
  };
}

/**
 * The coordinator's own way: a budget that holds the blocks once, so that each worker lacks what the other
 * has.
 */
async function rebalanced(): Promise<Contender> {
  const runtime = await createRuntime({
    job: new URL('../jobs/move-blocks.ts', import.meta.url),
    threads: 2,
    budgetBytes: BLOCKS * BYTES,
  });
  const gather: Request = { kind: 'gather', blocks: BLOCKS, bytes: BYTES };
  await runtime.run(gather);
  return {
    label: 'idle memory, to a shard that lacks it',
    async cycle() {
      const held = gate();
      const holding = runtime.run({ kind: 'hold', gate: held } satisfies Request);
      const second = await runtime.run<Gathered>(gather);
      open(held);
      await holding;
      const first = await runtime.run<Gathered>(gather);
      assert.notEqual(first.thread, second.thread, 'both jobs ran in the same worker');
      return { oneWay: (first.nanoseconds + second.nanoseconds) / 2, andBack: undefined };
    },
    async [Symbol.asyncDispose]() {
      const { budget, pool } = runtime.snapshot();
      assert.ok(budget.peakBytes <= budget.limitBytes, 'the budget was passed');
      assert.equal(pool.refused, 0, 'a request was refused');
      await runtime.close();
    },
  };
}

/** Plain worker threads, with the main thread between them. */
async function relayed(transfer: boolean): Promise<Contender> {
  const script = new URL('../jobs/relay-blocks.ts', import.meta.url);
  const [maker, taker] = [new Worker(script), new Worker(script)];
  const ask = async (worker: Worker, order: Order): Promise<Report> => {
    const moved = transfer && order.kind === 'take' ? order.blocks : [];
    worker.postMessage(order, moved);
    return (await once(worker, 'message'))[0];
  };
  return {
    label: transfer ? 'plain postMessage, transferred' : 'plain postMessage, copied',
    async cycle() {
      const made = await ask(maker, { kind: 'make', blocks: BLOCKS, bytes: BYTES, transfer });
      const taken = await ask(taker, { kind: 'take', blocks: made.blocks, transfer });
      const andBack = nowNs() - made.atNs;
      assert.equal(taken.sum, SUM, 'buffers arrived with other samples');
      if (transfer) maker.postMessage({ kind: 'keep', blocks: taken.blocks } satisfies Order, taken.blocks);
      return { oneWay: taken.atNs - made.atNs, andBack };
    },
    async [Symbol.asyncDispose]() {
      await Promise.all([maker.terminate(), taker.terminate()]);
    },
  };
}

function gate(): Int32Array<SharedArrayBuffer> {
  return new Int32Array(new SharedArrayBuffer(4));
}

function open(word: Int32Array<SharedArrayBuffer>): void {
  Atomics.store(word, 0, 1);
  Atomics.notify(word, 0);
}

function nowNs(): number {
  return Number(process.hrtime.bigint());
}

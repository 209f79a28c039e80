import { Worker } from 'node:worker_threads';
import { afterEach, describe, expect, it } from 'vitest';
import { CpuLoad, type CpuSnapshot } from '../../src/machine/cpu-load.ts';
import { mainThreadSource, realSources, threadSource } from '../../src/machine/cpu-sources.ts';

/**
 * Spins, and notes which share of its time it was given by its own account: on a busy machine that is less
 * than all.
 */
const SPIN = `
  const granted = new Float64Array(require('node:worker_threads').workerData);
  for (let last = { cpu: 0, ms: performance.now() }; ; ) {
    for (let spins = 0; spins < 1e6; spins++);
    const { user, system } = process.threadCpuUsage();
    const now = { cpu: (user + system) / 1000, ms: performance.now() };
    if (now.ms - last.ms < 500) continue;
    granted[0] = Math.min(1, (now.cpu - last.cpu) / (now.ms - last.ms));
    last = now;
  }`;
const IDLE = "require('node:worker_threads').parentPort.on('message', () => {});";
const WAIT = 'Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);';
const NATIVE = "for (;;) require('node:crypto').pbkdf2Sync('a', 'b', 300_000, 64, 'sha512');";

let workers: Worker[] = [];
let granted: Float64Array = new Float64Array(1);

afterEach(async () => {
  await Promise.all(workers.map((worker) => worker.terminate()));
  workers = [];
});

async function start(...sources: string[]) {
  granted = new Float64Array(new SharedArrayBuffer(8));
  workers = sources.map((source) => new Worker(source, { eval: true, workerData: granted.buffer }));
  await Promise.all(workers.map((worker) => new Promise((resolve) => worker.once('online', resolve))));
  return workers.map((worker, index) => threadSource(worker, index + 1));
}

/** Samples until the figures are as expected; the timeout of the test ends what never comes. */
async function sampleUntil(threads: Parameters<CpuLoad['sample']>[0], holds: (cpu: CpuSnapshot) => boolean) {
  // Shortly smoothed, for what counts is that it gets there.
  const load = new CpuLoad(realSources, 100);
  for (;;) {
    load.sample(threads);
    if (holds(load.snapshot())) return load.snapshot();
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

const over = (share: number | null, least: number) => share !== null && share > least;
const under = (share: number | null, most: number) => share !== null && share < most;

describe('real threads', () => {
  it('are busy while they spin, and are not while they wait for work', async () => {
    const threads = await start(SPIN, IDLE);
    const { byShard } = await sampleUntil(threads, ({ byShard: [spinning, idle] }) => {
      return (
        granted[0] > 0 &&
        over(spinning.cpu.smoothed, 0.8 * granted[0]) &&
        over(spinning.eventLoop.smoothed, 0.8) &&
        under(idle.cpu.smoothed, 0.2) &&
        under(idle.eventLoop.smoothed, 0.2)
      );
    });
    expect(byShard.map(({ shard }) => shard)).toEqual([1, 2]);
  });

  it('that block in Atomics.wait use no CPU, though their event loops look busy', async () => {
    await sampleUntil(await start(WAIT), ({ byShard: [waiting] }) => {
      return under(waiting.cpu.smoothed, 0.2) && over(waiting.eventLoop.smoothed, 0.8);
    });
  });

  it('answer between two native calls', async () => {
    await sampleUntil(await start(NATIVE), ({ byShard: [native] }) => over(native.cpu.smoothed, 0.05));
  });

  it('make the process busy, and the machine', async () => {
    const threads = await start(SPIN);
    const { cores } = await sampleUntil(threads, ({ process, system, cores }) => {
      const least = (0.8 * granted[0]) / cores;
      return least > 0 && over(process.smoothed, least) && over(system.smoothed, least);
    });
    expect(cores).toBe(realSources.cores());
  });

  it('that have ended or were never ready do no harm', async () => {
    const [ended] = await start(IDLE);
    const load = new CpuLoad();
    load.sample([ended]);
    await workers[0].terminate();
    load.sample([ended]);
    const early = new Worker(IDLE, { eval: true });
    workers.push(early);
    load.sample([ended, threadSource(early, 2)]);
    await new Promise((resolve) => early.once('online', resolve));
    expect(load.snapshot().byShard).toHaveLength(2);
  });
});

describe('this thread', () => {
  it('is shard 0, busy while it works', async () => {
    const load = new CpuLoad(realSources, 100);
    const source = mainThreadSource();
    for (let busy = false; !busy; ) {
      for (let spins = 0; spins < 1e7; spins++);
      await new Promise(setImmediate);
      load.sample([source]);
      const [{ shard, cpu, eventLoop }] = load.snapshot().byShard;
      expect(shard).toBe(0);
      busy = over(eventLoop.smoothed, 0.8) && over(cpu.smoothed, 0.05);
    }
    await sampleUntil([source], ({ byShard: [{ cpu, eventLoop }] }) => {
      return under(cpu.smoothed, 0.2) && under(eventLoop.smoothed, 0.2);
    });
  });
});

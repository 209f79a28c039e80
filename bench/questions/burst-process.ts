/** One contender of the burst benchmark: `npm run bench -- burst` starts it with its options as JSON. */
import { fileURLToPath } from 'node:url';
import { Piscina } from 'piscina';
import { createRuntime } from '../../src/index.ts';
import type { BurstTask } from '../burst.ts';
import { peakRssMiB } from '../own-process.ts';
import { type Pauses, pauseWords, readPauses, watchPauses } from '../pauses.ts';

export interface BurstOptions {
  readonly way: 'pool' | 'allocated';
  readonly tasks: number;
  readonly blocks: number;
  readonly bytes: number;
  readonly threads: number;
  readonly budgetBytes: number;
}

export interface BurstResult {
  readonly milliseconds: number;
  /** By the ledger, exactly; without the pool as V8 counts array buffers, once a task. */
  readonly peakBytes: number;
  readonly endBytes: number;
  readonly sums: readonly number[];
  readonly pauses: Pauses;
  readonly peakRssMiB: number;
}

const THREAD_IDS = 64;

const options: BurstOptions = JSON.parse(process.argv[2]);
const { way, tasks, blocks, bytes, threads, budgetBytes } = options;
const words = (count: number) => new Int32Array(new SharedArrayBuffer(4 * count));
const pauses = pauseWords();
const task: BurstTask = { blocks, bytes, pauses, live: words(THREAD_IDS), peak: words(1) };
watchPauses(pauses);

const { work, end } = way === 'pool' ? await pooled() : plain();
const startMs = performance.now();
const sums = await Promise.all(Array.from({ length: tasks }, work));
const milliseconds = performance.now() - startMs;
const counted = await readPauses(pauses);
const { peakBytes, endBytes } = await end();
const result: BurstResult = {
  milliseconds,
  peakBytes,
  endBytes,
  sums,
  pauses: counted,
  peakRssMiB: peakRssMiB(),
};
process.stdout.write(JSON.stringify(result));

async function pooled() {
  const runtime = await createRuntime({
    job: new URL('../jobs/burst.ts', import.meta.url),
    threads,
    budgetBytes,
  });
  return {
    work: () => runtime.run<number>(task),
    async end() {
      const { endBytes } = await runtime.close();
      return { peakBytes: runtime.snapshot().budget.peakBytes, endBytes };
    },
  };
}

function plain() {
  const piscina = new Piscina({
    filename: fileURLToPath(new URL('../jobs/burst-allocating.ts', import.meta.url)),
    minThreads: threads,
    maxThreads: threads,
    // As under millpond; a worker that sleeps between tasks would not tell of its pauses.
    atomics: 'disabled',
  });
  return {
    work: (): Promise<number> => piscina.run(task),
    async end() {
      await piscina.destroy();
      return { peakBytes: Atomics.load(task.peak, 0) * 1024, endBytes: 0 };
    },
  };
}

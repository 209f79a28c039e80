/** One contender of the DSP benchmark: `npm run bench -- dsp` starts it with its options as JSON. */
import { closeSync, openSync, readSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { Piscina } from 'piscina';
import { createRuntime } from '../../src/index.ts';
import { type DspTask, type Kind, newState } from '../dsp/work.ts';
import type { Block, Done } from '../jobs/dsp-copied.ts';
import { peakRssMiB } from '../own-process.ts';
import { type Pauses, pauseWords, readPauses, watchPauses } from '../pauses.ts';

export type Way = 'leases' | 'allocated' | 'copied';

export interface DspOptions {
  readonly way: Way;
  readonly kind: Kind;
  readonly files: readonly string[];
  /** How often the files are gone through. */
  readonly repeats: number;
  readonly blockBytes: number;
  readonly threads: number;
}

export interface DspResult {
  readonly milliseconds: number;
  /** Of all outputs, summed in the files' order. */
  readonly energy: number;
  readonly pauses: Pauses;
  readonly peakRssMiB: number;
}

interface Contender extends AsyncDisposable {
  /** @returns the energy of one file's outputs */
  work(file: string): Promise<number>;
}

const options: DspOptions = JSON.parse(process.argv[2]);
const words = pauseWords();
const task = (file: string): DspTask => ({ ...options, file, pauses: words });

await using contender = await start();
// Compiles on every thread. Two tracks of one thread are under way where the main thread has a part in the
// work.
const lanes = options.threads * 2;
await workThrough(Array.from({ length: lanes }, () => options.files[0]));
const startMs = performance.now();
watchPauses(words);
const before = await readPauses(words);
const settledMs = performance.now() - startMs;
const energies = await workThrough(Array.from({ length: options.repeats }, () => options.files).flat());
const milliseconds = performance.now() - startMs - settledMs;
const { count, milliseconds: paused } = await readPauses(words);
const result: DspResult = {
  milliseconds,
  energy: energies.reduce((sum, energy) => sum + energy, 0),
  pauses: { count: count - before.count, milliseconds: paused - before.milliseconds },
  peakRssMiB: peakRssMiB(),
};
process.stdout.write(JSON.stringify(result));

async function workThrough(files: readonly string[]): Promise<number[]> {
  const energies: number[] = [];
  const queue = files.entries();
  await Promise.all(
    Array.from({ length: lanes }, async () => {
      for (const [at, file] of queue) energies[at] = await contender.work(file);
    }),
  );
  return energies;
}

async function start(): Promise<Contender> {
  const { way, threads } = options;
  if (way === 'leases') {
    const runtime = await createRuntime({ job: new URL('../jobs/dsp.ts', import.meta.url), threads });
    return {
      work: (file) => runtime.run<number>(task(file)),
      [Symbol.asyncDispose]: () => runtime[Symbol.asyncDispose](),
    };
  }
  const job = way === 'allocated' ? 'dsp-allocating' : 'dsp-copied';
  const piscina = new Piscina({
    filename: fileURLToPath(new URL(`../jobs/${job}.ts`, import.meta.url)),
    minThreads: threads,
    maxThreads: threads,
    // As under millpond. A worker that sleeps in Atomics.wait between tasks would also never tell of its
    // pauses.
    atomics: 'disabled',
  });
  return {
    work: way === 'allocated' ? (file) => piscina.run(task(file)) : (file) => shipped(file, piscina),
    [Symbol.asyncDispose]: () => piscina.destroy(),
  };
}

/** The main thread has the samples, and wants the outputs. */
async function shipped(file: string, piscina: Piscina): Promise<number> {
  const { kind, blockBytes } = options;
  const descriptor = openSync(file, 'r');
  let state = newState();
  let energy = 0;
  try {
    for (;;) {
      const whole = new Float32Array(blockBytes / 4);
      const count = readSync(descriptor, whole, 0, blockBytes, null) / 4;
      if (count === 0) return energy;
      const samples = count < whole.length ? whole.slice(0, count) : whole;
      const done: Done = await piscina.run({ kind, samples, state, pauses: words } satisfies Block);
      if (done.output.length < count) throw new Error('a block lost samples');
      state = done.state;
      energy += done.energy;
    }
  } finally {
    closeSync(descriptor);
  }
}

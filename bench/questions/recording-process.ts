/**
 * node recording-process.ts '{"load":"hits","record":null,"seconds":5,"files":[],"folder":"/tmp/x"}'
 *
 * Keeps two threads busy for some seconds, with or without a recording, and prints as JSON what that took.
 */
import { strict as assert } from 'node:assert';
import { join } from 'node:path';
import { createRuntime } from '../../src/index.ts';
import type { Measurement } from '../jobs/acquire-release.ts';

export interface RecordingOptions {
  /**
   * `transcode`: files to FLAC, one after the other; `hits`: tasks that do nothing but acquire and release;
   * `idle`: no task.
   */
  readonly load: 'transcode' | 'hits' | 'idle';
  /** The file of the recording. */
  readonly record: string | null;
  readonly seconds: number;
  /** Audio files to transcode, and where to. */
  readonly files: readonly string[];
  readonly folder: string;
}

export interface RecordingCost {
  readonly tasks: number;
  /** CPU time of the process, and of it the main thread's; without the start. */
  readonly cpuSeconds: number;
  readonly mainCpuSeconds: number;
}

const THREADS = 2;
const TURNS = 200_000;
const { load, record, seconds, files, folder }: RecordingOptions = JSON.parse(process.argv[2]);
const runtime = await createRuntime({
  job: new URL(
    load === 'transcode' ? '../../workers/transcode.ts' : '../jobs/acquire-release.ts',
    import.meta.url,
  ),
  threads: THREADS,
  // As the command line does.
  ...(load === 'transcode' && { sampleEvery: 1 }),
  ...(record !== null && { record }),
});
const usage = process.cpuUsage();
const mainUsage = process.threadCpuUsage();
const end = performance.now() + seconds * 1000;
let tasks = 0;
if (load === 'idle') await new Promise((resolve) => setTimeout(resolve, seconds * 1000));
else await Promise.all(Array.from({ length: THREADS * 2 }, (_, lane) => work(lane)));
const spent = process.cpuUsage(usage);
const mainSpent = process.threadCpuUsage(mainUsage);
await runtime.close();
assert.equal(runtime.snapshot().tasks.succeeded, tasks);
const cost: RecordingCost = {
  tasks,
  cpuSeconds: (spent.user + spent.system) / 1e6,
  mainCpuSeconds: (mainSpent.user + mainSpent.system) / 1e6,
};
console.log(JSON.stringify(cost));

async function work(lane: number): Promise<void> {
  for (let turn = lane; performance.now() < end; turn++) {
    if (load === 'transcode') {
      const input = files[turn % files.length];
      await runtime.run(
        { input, output: join(folder, `${lane}.flac`), to: 'flac', bits: 16 },
        { name: input },
      );
    } else {
      const order: Measurement = { way: 'pool', bytes: 65_536, iterations: TURNS };
      await runtime.run(order);
    }
    tasks++;
  }
}

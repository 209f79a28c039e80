/** One contender of the memory benchmark: `npm run bench -- memory` starts it with its options as JSON. */
import { createRuntime } from '../../src/index.ts';
import { convertAll, loadPrompts, type Pass, type Prompt, promptRuntime, type Way } from '../prompts.ts';

export interface MemoryOptions extends Omit<Pass, 'way'> {
  /** Null for threads with an empty job, and no work. */
  readonly way: Way | null;
  readonly paths: readonly string[];
  readonly threads: number;
  readonly budgetBytes: number;
}

/** Bytes. */
export interface Held {
  /** Resident when the threads had loaded their job. */
  readonly readyRss: number;
  /** Resident at most while tasks were under way. */
  readonly peakRss: number;
  /** Charged to the budget at most. */
  readonly poolBytes: number;
}

const { way, paths, threads, budgetBytes, ...pass }: MemoryOptions = JSON.parse(process.argv[2]);
const held = way === null ? await alone() : await working(way);
process.stdout.write(JSON.stringify(held));

async function alone(): Promise<Held> {
  await using runtime = await createRuntime({
    job: new URL('../jobs/spin.ts', import.meta.url),
    threads,
    budgetBytes,
  });
  await Promise.all(Array.from({ length: threads }, () => runtime.run(0)));
  const rss = process.memoryUsage.rss();
  return { readyRss: rss, peakRss: rss, poolBytes: 0 };
}

async function working(way: Way): Promise<Held> {
  await using runtime = await promptRuntime(threads, budgetBytes);
  const readyRss = process.memoryUsage.rss();
  // A service has the bytes of those under way only, and not of all.
  const prompts = paths.map((file): Prompt => {
    return {
      file,
      get bytes() {
        return loadPrompts([file])[0].bytes;
      },
    };
  });
  let peakRss = 0;
  const done = (): void => {
    peakRss = Math.max(peakRss, process.memoryUsage.rss());
  };
  await convertAll(runtime, prompts, { ...pass, way }, { done });
  return { readyRss, peakRss, poolBytes: runtime.snapshot().budget.peakBytes };
}

/** One contender of the sizing benchmark: `npm run bench -- sizing` starts it with its options as JSON. */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createRuntime, KiB, MiB, type RuntimeOptions } from '../../src/index.ts';
import type { SizedTask } from '../jobs/sized.ts';

export interface SizingOptions {
  /** A codec, or a job of the user's own, in `SIZED` below. */
  readonly work: 'flac' | 'mp3' | keyof typeof SIZED;
  readonly files: readonly string[];
  readonly repeats: number;
  /** Bytes of every block; null for adaptive ones. */
  readonly fixed: number | null;
  readonly threads: number;
  /** Where outputs go. */
  readonly out: string;
}

/** A rate (Hz) at which blocks may be as large as sizes get, and more than the largest tier holds. */
const [HIGH_RATE, OVER_TIERS] = [192_000, 1.5 * MiB];
const SIZED = {
  dsp: { hz: 48_000, reports: true, scratchBytes: 0 },
  silent: { hz: 48_000, reports: false, scratchBytes: 0 },
  requests: { hz: HIGH_RATE, reports: true, scratchBytes: OVER_TIERS },
} satisfies Record<string, Omit<SizedTask, 'file'>>;

export interface SizingResult {
  readonly milliseconds: number;
  /** Of the whole process. */
  readonly cpuMilliseconds: number;
  /** Of all allocations. */
  readonly p99Nanoseconds: number;
  /** Of what came out: the same whatever the block sizes were. */
  readonly digest: string;
  /** Block sizes at the end, and how often they changed. */
  readonly blockBytes: number;
  readonly changes: number;
}

const WARM_BYTES = 4 * KiB;

const options: SizingOptions = JSON.parse(process.argv[2]);
const { work, files, repeats, fixed, threads, out } = options;
const sizing: Partial<RuntimeOptions> =
  fixed === null ? {} : { sizing: 'fixed', blockBytes: fixed, mostBlockMs: 3_600_000 };
const sized = work === 'flac' || work === 'mp3' ? null : SIZED[work];
const job = sized === null ? '../../workers/transcode.ts' : '../jobs/sized.ts';
await using runtime = await createRuntime({
  job: new URL(job, import.meta.url),
  threads,
  ...sizing,
});
// Compiles on every thread: half a second of the small jobs. In short blocks for all contenders: in its own
// each would get other code, by up to a tenth quicker or slower than that of the others.
const warm = threads * (sized === null ? 2 : 20);
await Promise.all(Array.from({ length: warm }, (_, at) => one(files[0], `warm-${at}`, WARM_BYTES)));
const startMs = performance.now();
const startCpu = process.cpuUsage();
const lanes = threads * 2;
const results: unknown[] = [];
const queue = Array.from({ length: repeats }, () => files)
  .flat()
  .entries();
await Promise.all(
  Array.from({ length: lanes }, async () => {
    for (const [at, file] of queue) results[at] = await one(file, String(at % files.length));
  }),
);
const milliseconds = performance.now() - startMs;
const { user, system } = process.cpuUsage(startCpu);
const { latency, block, decisions } = runtime.snapshot();
const hash = createHash('sha256');
if (sized !== null) hash.update(JSON.stringify(results.slice(0, files.length)));
else for (const at of files.keys()) hash.update(readFileSync(join(out, `${at}.${work}`)));
const causes = Object.values(latency.byCause).filter(({ count }) => count > 0);
const { shrink, grow, return: back } = decisions.counts;
const result: SizingResult = {
  milliseconds,
  cpuMilliseconds: (user + system) / 1000,
  p99Nanoseconds: Math.max(0, ...causes.map(({ p99 }) => p99)),
  digest: hash.digest('hex'),
  blockBytes: block.bytes,
  changes: shrink + grow + back,
};
process.stdout.write(JSON.stringify(result));

function one(file: string, name: string, blockBytes?: number): Promise<unknown> {
  if (sized !== null) return runtime.run({ ...sized, file, ...(blockBytes !== undefined && { blockBytes }) });
  const bits = work === 'flac' ? { bits: 16 } : { bitrate: 64_000 };
  return runtime.run({ input: file, output: join(out, `${name}.${work}`), to: work, ...bits });
}

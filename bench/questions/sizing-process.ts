/** One contender of the sizing benchmark: `npm run bench -- sizing` starts it with its options as JSON. */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createRuntime, type RuntimeOptions } from '../../src/index.ts';

export interface SizingOptions {
  readonly work: 'flac' | 'mp3' | 'dsp';
  readonly files: readonly string[];
  readonly repeats: number;
  /** Bytes of every block; null for adaptive ones. */
  readonly fixed: number | null;
  readonly threads: number;
  /** Where outputs go. */
  readonly out: string;
}

export interface SizingResult {
  readonly milliseconds: number;
  /** Of all allocations. */
  readonly p99Nanoseconds: number;
  /** Of what came out: the same whatever the block sizes were. */
  readonly digest: string;
  /** Block sizes at the end, and how often they changed. */
  readonly blockBytes: number;
  readonly changes: number;
}

const options: SizingOptions = JSON.parse(process.argv[2]);
const { work, files, repeats, fixed, threads, out } = options;
const sizing: Partial<RuntimeOptions> =
  fixed === null ? {} : { sizing: 'fixed', blockBytes: fixed, mostBlockMs: 3_600_000 };
const job = work === 'dsp' ? '../jobs/sized.ts' : '../../workers/transcode.ts';
await using runtime = await createRuntime({
  job: new URL(job, import.meta.url),
  threads,
  sampleEvery: 1,
  ...sizing,
});
// Compiles on every thread.
await Promise.all(Array.from({ length: threads * 2 }, (_, at) => one(files[0], `warm-${at}`)));
const startMs = performance.now();
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
const { latency, block, decisions } = runtime.snapshot();
const hash = createHash('sha256');
if (work === 'dsp') hash.update(JSON.stringify(results));
else for (const at of files.keys()) hash.update(readFileSync(join(out, `${at}.${work}`)));
const causes = Object.values(latency.byCause).filter(({ count }) => count > 0);
const { shrink, grow, return: back } = decisions.counts;
const result: SizingResult = {
  milliseconds,
  p99Nanoseconds: Math.max(0, ...causes.map(({ p99 }) => p99)),
  digest: hash.digest('hex'),
  blockBytes: block.bytes,
  changes: shrink + grow + back,
};
process.stdout.write(JSON.stringify(result));

function one(file: string, name: string): Promise<unknown> {
  if (work === 'dsp') return runtime.run({ file });
  const bits = work === 'flac' ? { bits: 16 } : { bitrate: 64_000 };
  return runtime.run({ input: file, output: join(out, `${name}.${work}`), to: work, ...bits });
}

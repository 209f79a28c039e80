/**
 * Three kinds of job in one runtime, and blocks of audio that go from one to the next: read, process,
 * measure. Only leases move, never samples; and no block is read before there is room for it behind.
 *
 *     ffmpeg -i song.flac -ac 1 -ar 48000 -f f32le song.f32
 *     node main.ts song.f32
 */
import { statSync } from 'node:fs';
import { createRuntime, jobFile, type Lease, type Mapped, MiB } from 'millpond';

const BLOCK_BYTES = 48_000 * 4;
const [file] = process.argv.slice(2);
const { size } = statSync(file);

const runtime = await createRuntime({
  jobs: {
    read: jobFile<typeof import('./read.ts')>(new URL('./read.ts', import.meta.url)),
    process: jobFile<typeof import('./process.ts')>(new URL('./process.ts', import.meta.url)),
    measure: jobFile<typeof import('./measure.ts')>(new URL('./measure.ts', import.meta.url)),
  },
  threads: 2,
  budgetBytes: 64 * MiB,
});

function* places() {
  for (let atByte = 0; atByte < size; atByte += BLOCK_BYTES) yield { file, atByte, bytes: BLOCK_BYTES };
}

/** The results of one job as inputs of the next. */
async function* onwards(blocks: AsyncIterable<Mapped<unknown, Lease>>) {
  for await (const { result } of blocks) yield result;
}

/** Of all three: what ends one ends the others at once. */
const stop = new AbortController();
process.once('SIGINT', () => stop.abort());
const { signal } = stop;

let samples = 0;
let power = 0;
let peak = 0;
const read = runtime.map(places(), { job: 'read', signal });
const processed = runtime.map(onwards(read), { job: 'process', signal });
for await (const { result } of runtime.map(onwards(processed), { job: 'measure', signal })) {
  samples += result.samples;
  power += result.power;
  peak = Math.max(peak, result.peak);
}
console.log(`${samples} samples, peak ${peak.toFixed(3)}, RMS ${Math.sqrt(power / samples).toFixed(3)}`);

// Every sample was seen, and none came out louder than the curve allows.
if (samples !== Math.floor(size / 4) || peak > 1) throw new Error('the blocks do not make up the file');
const { allocations } = runtime.snapshot().pool;
const { endBytes, leaks } = await runtime.close();
console.log(`${Math.ceil(size / BLOCK_BYTES)} blocks, ${allocations} buffers, ${endBytes + leaks} left`);

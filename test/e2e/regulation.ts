/**
 * A runtime under 32 MiB that is driven through everything it regulates, by skewed jobs and a greedy main
 * thread, while it transcodes one file again and again. Prints what happened as JSON. Each step waits for
 * what it provokes.
 */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createRuntime, type Lease, type LogEvent, MiB, type Snapshot } from '../../src/index.ts';
import type { Blocks } from '../jobs/regulated.ts';

export interface Regulated {
  readonly snapshot: Snapshot;
  readonly events: string[];
  readonly blocks: Blocks;
  /** Different contents among the outputs of one file, whatever the block sizes were. */
  readonly digests: string[];
  readonly outputs: number;
  /** The error of a request over the largest tier during the emergency. */
  readonly refusal: string;
  /** Tasks that were done beside the greedy one, and that waited for its end. */
  readonly startedInEmergency: number;
  readonly heldInEmergency: number;
  readonly endBytes: number;
}

const [input, folder] = process.argv.slice(2);
const job = new URL('../jobs/regulated.ts', import.meta.url);
const THREADS = 2;

const events: LogEvent[] = [];
const waiting: (() => void)[] = [];
const log = {
  write(event: LogEvent): void {
    events.push(event);
    for (const look of waiting.splice(0)) look();
  },
  close: () => {},
};

/** Resolves when an event was logged that was not there before. */
async function seen(test: (event: LogEvent) => boolean): Promise<void> {
  const from = events.length;
  while (!events.slice(from).some(test)) await new Promise<void>((resolve) => waiting.push(resolve));
}

const decided = (kind: string) => (event: LogEvent) => 'kind' in event && event.kind === kind;

const runtime = await createRuntime({
  job,
  threads: THREADS,
  budgetBytes: 32 * MiB,
  mostBlockMs: 100,
  sampleEvery: 1,
  log,
});

let over = false;
let outputs = 0;
const digests = new Set<string>();
const seenBlocks: Blocks[] = [];
const lanes = Array.from({ length: THREADS * 2 }, async (_, lane) => {
  // Each lane writes one file again and again.
  const output = join(folder, `${lane}.flac`);
  const request = { input, output, to: 'flac' as const };
  while (!over) {
    seenBlocks.push(await runtime.run<Blocks>({ do: 'transcode', request }));
    digests.add(digestOf(output));
    outputs++;
  }
});

// All threads compute: blocks grow, on trial.
await seen(decided('grow'));
// Main takes three quarters: blocks shrink. What a worker has left idle and does not use is cleared.
await Promise.all(Array.from({ length: THREADS }, () => runtime.run({ do: 'hoard', bytes: MiB, count: 2 })));
const shrunk = seen(decided('shrink'));
const cleared = seen(decided('trim'));
const leases: Lease[] = [];
while (leases.length < 25) leases.push(await runtime.pool.acquireAsync(MiB, { timeoutMs: 120_000 }));
await Promise.all([shrunk, cleared]);
// A greedy job takes nearly all that is left: an emergency, in which the largest wait and no other task
// starts.
const emergency = seen(decided('emergency'));
const words = new Int32Array(new SharedArrayBuffer(4));
const greedy = runtime.run({ do: 'hold', bytes: MiB, count: 6, words });
await emergency;
const refusal = await runtime.pool.acquireAsync(2 * MiB, { timeoutMs: 0 }).then(
  () => 'none',
  (error) => error.code,
);
while (runtime.snapshot().tasks.running > 1) await turn();
const { succeeded } = runtime.snapshot().tasks;
for (let turns = 0; turns < 50; turns++) await turn();
const held = runtime.snapshot();
const recovered = seen(({ event }) => event === 'recovery');
Atomics.store(words, 0, 1);
Atomics.notify(words, 0);
await greedy;
for (const lease of leases) lease.release();
await recovered;
over = true;
await Promise.all(lanes);
const { endBytes } = await runtime.close();

await using still = await createRuntime({ job, threads: 1, sizing: 'fixed', log });
const output = join(folder, 'still.flac');
await still.run({ do: 'transcode', request: { input, output, to: 'flac' } });
digests.add(digestOf(output));

const result: Regulated = {
  snapshot: runtime.snapshot(),
  events: [...new Set(events.map(({ event }) => event))],
  blocks: {
    sizes: [...new Set(seenBlocks.flatMap(({ sizes }) => sizes))],
    longestMs: Math.max(...seenBlocks.map(({ longestMs }) => longestMs)),
    capped: seenBlocks.some(({ capped }) => capped),
  },
  digests: [...digests],
  outputs,
  refusal,
  startedInEmergency: held.tasks.succeeded - succeeded,
  heldInEmergency: held.tasks.queued,
  endBytes,
};
process.stdout.write(JSON.stringify(result));

function digestOf(path: string): string {
  return createHash('sha256').update(readFileSync(path)).digest('hex');
}

function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

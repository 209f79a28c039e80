/**
 * A runtime under 32 MiB that is driven through everything it regulates, by skewed jobs and a greedy main thread, while it
 * transcodes one file again and again. Prints what happened as JSON. Each step waits for what it provokes.
 */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  createRuntime,
  isMillpondError,
  type Lease,
  type LogEvent,
  MiB,
  type Snapshot,
} from '../../src/index.ts';
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
  /** Most tasks at once that were started during the emergency. */
  readonly startedInEmergency: number;
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
const leases: Lease[] = [];
const shrunk = seen(decided('shrink'));
const cleared = seen(decided('trim'));
await take(26 * MiB);
await Promise.all([shrunk, cleared]);
// Main takes nearly all: an emergency, in which the largest wait and new tasks are held.
let critical = false;
const emergency = seen(decided('emergency')).then(() => {
  critical = true;
});
// What jobs hold comes and goes, so the rest is taken again and again.
while (!critical) await Promise.race([take(31 * MiB).then(() => turn()), emergency]);
const refusal = await runtime.pool.acquireAsync(2 * MiB, { timeoutMs: 0 }).then(
  () => 'none',
  (error) => error.code,
);
const before = runtime.snapshot().tasks.succeeded;
let startedInEmergency = 0;
while (runtime.snapshot().tasks.succeeded < before + 4) {
  await turn();
  const { tasks, pressure } = runtime.snapshot();
  // Those that ran when it began may run on.
  if (pressure.emergency && tasks.succeeded >= before + THREADS) {
    startedInEmergency = Math.max(startedInEmergency, tasks.running);
  }
}
const recovered = seen(({ event }) => event === 'recovery');
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
  startedInEmergency,
  endBytes,
};
process.stdout.write(JSON.stringify(result));

function digestOf(path: string): string {
  return createHash('sha256').update(readFileSync(path)).digest('hex');
}

function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

/** Leases of 1 MiB for the main thread until so much is used; others may use the rest. */
async function take(bytes: number): Promise<void> {
  while (runtime.snapshot().budget.usedBytes < bytes) {
    try {
      leases.push(await runtime.pool.acquireAsync(MiB, { timeoutMs: 1000 }));
    } catch (error) {
      // Then jobs hold the rest.
      if (!isMillpondError(error) || error.code !== 'ERR_BUDGET_EXHAUSTED') throw error;
    }
  }
}

/** One contender of the idle benchmark: `npm run bench -- idle` starts it with its options as JSON. */
import { strict as assert } from 'node:assert';
import { readdirSync, readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { Piscina } from 'piscina';
import { createRuntime } from '../../src/index.ts';
import type { BurstTask } from '../burst.ts';
import { pauseWords } from '../pauses.ts';

export interface IdleOptions {
  readonly contender: 'millpond' | 'piscina';
  readonly threads: number;
  /** Tasks before the rest, and the blocks that each holds at once. */
  readonly tasks: number;
  readonly blocks: number;
  readonly bytes: number;
  /** How long each look is, one after the other, from the end of the last task on. */
  readonly spanMs: readonly number[];
}

/** What the process did in one span. */
interface IdleSpan {
  /** Of one core. */
  readonly cpuPercent: number;
  /** How often a thread went to sleep in a second, so had been awake; null where the system does not tell. */
  readonly wakeupsPerSecond: number | null;
  /** At its end, in pools; null for a process without. */
  readonly idleBytes: number | null;
}

export interface IdleResult {
  readonly sums: readonly number[];
  readonly spans: readonly IdleSpan[];
}

const THREAD_IDS = 64;

const options: IdleOptions = JSON.parse(process.argv[2]);
const { contender, threads, tasks, blocks, bytes, spanMs } = options;
const words = (count: number) => new Int32Array(new SharedArrayBuffer(4 * count));
const task: BurstTask = { blocks, bytes, pauses: pauseWords(), live: words(THREAD_IDS), peak: words(1) };
const { work, idleBytes, end } = contender === 'millpond' ? await pooled() : plain();
const sums = await Promise.all(Array.from({ length: tasks }, work));
const spans: IdleSpan[] = [];
for (const ms of spanMs) spans.push(await rest(ms));
await end();
const result: IdleResult = { sums, spans };
process.stdout.write(JSON.stringify(result));

async function rest(ms: number): Promise<IdleSpan> {
  const [cpu, switches, startMs] = [process.cpuUsage(), sleeps(), performance.now()];
  await sleep(ms);
  const seconds = (performance.now() - startMs) / 1000;
  const { user, system } = process.cpuUsage(cpu);
  const slept = sleeps();
  return {
    cpuPercent: (user + system) / 1e4 / seconds,
    wakeupsPerSecond: switches === null || slept === null ? null : (slept - switches) / seconds,
    idleBytes: idleBytes(),
  };
}

/** Of all threads that there are now. */
function sleeps(): number | null {
  try {
    const statuses = readdirSync('/proc/self/task').map((id) => {
      return readFileSync(`/proc/self/task/${id}/status`, 'utf8');
    });
    const counts = statuses.map((text) => Number(/^voluntary_ctxt_switches:\s+(\d+)$/m.exec(text)?.[1]));
    return counts.reduce((sum, count) => sum + count, 0);
  } catch {
    return null;
  }
}

async function pooled() {
  const runtime = await createRuntime({ job: new URL('../jobs/burst.ts', import.meta.url), threads });
  return {
    work: () => runtime.run<number>(task),
    idleBytes() {
      const { shards, pressure, uptimeSeconds } = runtime.snapshot();
      const observed = Object.values(pressure.secondsAtLevel).reduce((sum, seconds) => sum + seconds, 0);
      assert.ok(uptimeSeconds - observed < 1, `the snapshot is ${uptimeSeconds - observed} s old`);
      return shards.reduce((sum, { idleBytes }) => sum + idleBytes, 0);
    },
    end: () => runtime.close(),
  };
}

function plain() {
  const piscina = new Piscina({
    filename: fileURLToPath(new URL('../jobs/burst-allocating.ts', import.meta.url)),
    minThreads: threads,
    maxThreads: threads,
    // As under millpond.
    atomics: 'disabled',
  });
  return {
    work: (): Promise<number> => piscina.run(task),
    idleBytes: () => null,
    end: () => piscina.destroy(),
  };
}

/** Run inside a control group by cgroup.test.ts: nears its limit with memory that no budget counts. */
import { createRuntime, type LogEvent, MiB, type Snapshot } from '../../src/index.ts';
import { readProcessMemory } from '../../src/machine/process-memory.ts';

export interface Pressed {
  readonly idleBefore: number;
  readonly idleAfter: number;
  /** Some seconds after the emergency, with memory as scarce as before. */
  readonly snapshot: Snapshot;
  readonly events: LogEvent['event'][];
}

/** Critical begins at 0.94, and the emergency frees a hundredth of the limit. */
const SHARE = 0.97;
/**
 * Looks of the regulator after the emergency, five a second: more than process memory may count without
 * rising.
 */
const LOOKS_AFTER_SECONDS = 8;

const events: LogEvent['event'][] = [];
const recovered = Promise.withResolvers<void>();
await using runtime = await createRuntime({
  job: new URL('../jobs/pooling.ts', import.meta.url),
  threads: 1,
  log: {
    write: ({ event }) => {
      events.push(event);
      if (event === 'recovery') recovered.resolve();
    },
    close: () => {},
  },
});
await runtime.run({ do: 'hoard', bytes: MiB, count: 8 });
const idleBefore = runtime.snapshot().shards[1].idleBytes;
const heap: Uint8Array[] = [];
while ((readProcessMemory().share ?? 1) < SHARE) heap.push(new Uint8Array(2 * MiB).fill(1));
// The runtime's own timer keeps no process alive while nothing runs.
const alive = setInterval(() => {}, 1000);
await recovered.promise;
const seconds = (): number =>
  Object.values(runtime.snapshot().pressure.secondsAtLevel).reduce((a, b) => a + b);
const from = seconds();
// Seldom, since what a snapshot leaves behind is memory of the process, too.
while (seconds() < from + LOOKS_AFTER_SECONDS) await new Promise((resolve) => setTimeout(resolve, 1000));
clearInterval(alive);
const snapshot = runtime.snapshot();
const result: Pressed = { idleBefore, idleAfter: snapshot.shards[1].idleBytes, snapshot, events };
process.stdout.write(JSON.stringify(result));
heap.length = 0; // held until here

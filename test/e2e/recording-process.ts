/**
 * Records a run of small tasks without an end, for tests that end it from outside; says on stdout when tasks
 * go on though the recording has ended.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { createRuntime, type LogEvent } from '../../src/index.ts';

const [record] = process.argv.slice(2);
const runtime = await createRuntime({
  job: new URL('../jobs/pooling.ts', import.meta.url),
  threads: 2,
  record,
  log: {
    write(event: LogEvent) {
      if (event.event === 'recording-ended') ended = event.reason;
    },
    close: () => {},
  },
});
let ended: string | undefined;
let told = false;

async function work(): Promise<never> {
  for (;;) {
    // Some tasks in each interval are enough: what else runs here needs the cores.
    await sleep(20);
    await runtime.run({ do: 'churn', bytes: 5000, count: 3, rounds: 1000 });
    await runtime.run({ do: 'report', bytes: 4096 });
    if (ended === undefined || told) continue;
    told = true;
    process.stdout.write(`${JSON.stringify({ ended, tasks: runtime.snapshot().tasks.succeeded })}\n`);
  }
}
await Promise.all([work(), work(), work()]);

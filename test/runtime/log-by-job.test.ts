/** What log, recording and close say of a task: of which job it was, where a runtime has several. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { stripVTControlCharacters } from 'node:util';
import { afterAll, expect, it } from 'vitest';
import { createRuntime } from '../../src/index.ts';
import { htmlPage } from '../../src/report/page/page.ts';
import { readRun } from '../../src/report/read-run.ts';
import { runDocument } from '../../src/report/run-document.ts';
import { formatRun } from '../../src/report/summary.ts';
import { createLog } from '../../src/telemetry/log.ts';
import { raise, raised, startRuntime, wordsRaisedAfterEach } from './started.ts';

const folder = mkdtempSync(join(tmpdir(), 'millpond-log-by-job-'));
afterAll(() => rmSync(folder, { recursive: true }));
const file = (job: string): URL => new URL(`../jobs/${job}.ts`, import.meta.url);
const words = wordsRaisedAfterEach();
/** It would clear the terminal, begin a line of its own and end an element. */
const HOSTILE = 'a"\n\u001b[2J<i>\u202e';

interface Line {
  readonly event: string;
  readonly task?: string | null;
  readonly job?: string;
}

/** What is logged while a task forgets a lease, one ends its thread, one throws late and one does not end. */
async function troubled(path: string, jobs: Record<string, URL>) {
  const lines: string[] = [];
  const strayed = Promise.withResolvers<void>();
  const log = createLog({
    destination: {
      write(line) {
        lines.push(line);
        if (line.includes('"stray-error"')) strayed.resolve();
      },
    },
  });
  const runtime = await createRuntime({ jobs, threads: 1, safety: 'off', log, record: path });
  const [first, last] = [Object.keys(jobs)[0], Object.keys(jobs).at(-1) as string];
  await runtime.run({ do: 'forget', bytes: 1000, count: 1 }, { job: first, name: 'careless' });
  const exits = runtime.run({ do: 'exit' }, { job: first, name: 'exits' });
  await expect(exits).rejects.toMatchObject({ code: 'ERR_WORKER_LOST' });
  const flags = words();
  await runtime.run({ do: 'leave', what: 'rejection', words: flags }, { job: last, name: 'culprit' });
  raise(flags, 0);
  await strayed.promise;
  const blocking = words();
  const order = { do: 'block', words: blocking, bytes: 10 };
  const endless = runtime.run(order, { job: last, name: 'endless' }).catch(() => {});
  await raised(blocking, 0);
  const { left } = await runtime.close({ timeoutMs: 50 });
  await endless;
  raise(blocking, 1);
  const parsed = lines.map((line): Line => JSON.parse(line)).filter((line) => line.task !== undefined);
  return { raw: lines.join(''), named: parsed.map(({ event, task, job }) => [event, task, job]), left };
}

it('of several jobs each line that names a task names its job, whatever that is called', async () => {
  const path = join(folder, 'several.millpond');
  const { raw, named, left } = await troubled(path, { [HOSTILE]: file('basic'), stubborn: file('stubborn') });
  expect(named).toEqual([
    ['leak', 'careless', HOSTILE],
    ['worker-death', 'exits', HOSTILE],
    ['stray-error', 'culprit', 'stubborn'],
    ['thread-left', 'endless', 'stubborn'],
  ]);
  expect(left).toMatchObject([{ task: 'endless', job: 'stubborn' }]);
  // biome-ignore lint/suspicious/noControlCharactersInRegex: none of them may be there but ends of lines
  expect(raw).not.toMatch(/(?!\n)[\u0000-\u001f\u007f-\u009f\u202e]/);

  const run = await readRun(path);
  expect(run.workersLost).toMatchObject([{ task: 'exits', job: HOSTILE }]);
  const document = runDocument(run, { byWorker: false, expectedIntervalNs: null });
  const text = stripVTControlCharacters(formatRun(document, process.stdout));
  expect(text).toMatch(
    /^lost +worker 1 with exit code 7 after .*, in exits \(a"\\u000a\\u001b\[2J<i>\\u202e\)$/m,
  );
  const page = await htmlPage([run], { comparison: null, expectedIntervalNs: null });
  expect(page).toContain('in the task exits of a');
  expect(page).not.toContain('<i>');
});

it('of one job no line says which', async () => {
  const { runtime, events } = await startRuntime('basic', { threads: 1, safety: 'off' });
  await runtime.run({ do: 'forget', bytes: 1000, count: 1 }, { name: 'careless' });
  await expect(runtime.run({ do: 'exit' }, { name: 'exits' })).rejects.toThrow();
  await runtime.close();
  const named = events.filter((event) => 'task' in event);
  expect(named).toEqual([
    { event: 'leak', task: 'careless', leases: 1, bytes: expect.any(Number) },
    { event: 'worker-death', task: 'exits', shard: 1, exitCode: 7 },
  ]);
});

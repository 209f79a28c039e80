import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { htmlPage } from '../../src/report/page/page.ts';
import { readRun } from '../../src/report/read-run.ts';
import { runDocument } from '../../src/report/run-document.ts';
import { formatRun } from '../../src/report/summary.ts';
import { parseRun } from '../report/parse-run.ts';
import { linesIn } from '../telemetry/recording/lines-in.ts';
import { startRuntime } from './started.ts';

const folder = mkdtempSync(join(tmpdir(), 'millpond-recorded-jobs-'));
afterAll(() => rmSync(folder, { recursive: true }));
const file = (job: string): URL => new URL(`../jobs/${job}.ts`, import.meta.url);
const PLAIN = { byWorker: false, expectedIntervalNs: null };

async function recorded(name: string, jobs: Record<string, URL>) {
  const path = join(folder, name);
  const { runtime } = await startRuntime('', { job: undefined, jobs, record: path, safety: 'off' });
  const [first, last] = [Object.keys(jobs)[0], Object.keys(jobs).at(-1) as string];
  for (let round = 1; round <= 2; round++) {
    await Promise.all(
      Array.from({ length: 10 }, (_, at) =>
        runtime.run({ do: 'count' }, { job: first, name: `short ${at}` }),
      ),
    );
    await expect(runtime.run({ do: 'throw' }, { job: first })).rejects.toThrow();
    await runtime.run({ do: 'echo', value: 1 }, { job: last, name: `echo ${round}` });
    await linesIn(path, 'interval', round, ({ tasks }) => tasks.succeeded > 0);
  }
  await runtime.close();
  return readRun(path);
}

it('a recorded run of several jobs tells them apart, from the file to the reports, and they add up', async () => {
  const run = await recorded('several', {
    short: file('short'),
    '<b>idle</b>': file('short'),
    echo: file('basic'),
  });
  expect(run.header).toMatchObject({
    label: 'short, <b>idle</b>, echo',
    jobs: ['short', '<b>idle</b>', 'echo'],
  });
  const { tasks } = run.end!.snapshot;
  const document = runDocument(run, PLAIN);
  const [short, idle, echo] = document.jobs;
  expect(short).toMatchObject({ job: 'short', tasks: { succeeded: 20, failed: 2, cancelled: 0, lost: 0 } });
  expect(idle).toMatchObject({ job: '<b>idle</b>', tasks: { succeeded: 0 }, queue: null, service: null });
  expect(echo).toMatchObject({ job: 'echo', tasks: { succeeded: 2, failed: 0 } });
  for (const { job, tasks: ended, queue, service } of [short, echo]) {
    const { queueWait, serviceTime, succeeded, failed } = tasks.byJob[job];
    expect(ended).toMatchObject({ succeeded, failed });
    expect({ ...queue, unit: 'ns' }).toEqual(queueWait);
    expect({ ...service, unit: 'ns' }).toEqual(serviceTime);
  }
  expect(short.service!.sum + echo.service!.sum).toBe(document.service!.sum);
  expect(short.tasks.succeeded + echo.tasks.succeeded).toBe(document.tasks.succeeded);
  for (const { jobs } of run.intervals) expect(jobs).toBeDefined();
  const ofEcho = run.intervals.flatMap(({ jobs = [] }) => jobs.filter(({ job }) => job === 2));
  const names = ofEcho.flatMap(({ slowest }) => slowest.map(([name]) => name));
  expect(names.sort()).toEqual(['echo 1', 'echo 2']);
  for (const { name, job } of document.slowestTasks)
    expect(job).toBe(name.startsWith('echo') ? 'echo' : 'short');

  const text = formatRun(document, process.stdout);
  expect(text).toMatch(/short:\n +queue +22 .*\n +service +22 /);
  expect(text).toMatch(/echo:\n +queue +2 .*\n +service +2 /);
  const page = await htmlPage([run], { comparison: null, expectedIntervalNs: null });
  expect(page).toContain('Tasks by job');
  expect(page).toContain('<bdi>&lt;b&gt;idle&lt;/b&gt;</bdi>');
  expect(page).not.toContain('<b>idle');

  const lines = readFileSync(run.origin, 'utf8').split('\n');
  const header = { ...JSON.parse(lines[0]), jobs: ['short', 'another'] };
  const damaged = [JSON.stringify(header), ...lines.slice(1)].join('\n');
  expect(() => parseRun('damaged', damaged)).toThrow(/its job 2 is one of the 2 of the header/);
});

it('of one job nothing is said twice', async () => {
  const run = await recorded('one', { short: file('short') });
  expect(run.header.jobs).toEqual(['short']);
  for (const { jobs } of run.intervals) expect(jobs).toBeUndefined();
  const document = runDocument(run, PLAIN);
  expect(document.jobs).toEqual([]);
  expect(document.slowestTasks[0].job).toBe('short');
  expect(formatRun(document, process.stdout)).not.toContain('By job');
  const page = await htmlPage([run], { comparison: null, expectedIntervalNs: null });
  expect(page).not.toContain('Tasks by job');
});

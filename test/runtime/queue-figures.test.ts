/** What a runtime shows of its queue: refused runs and tenants, with real threads. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { KiB, MiB, type RunOptions, type Runtime } from '../../src/index.ts';
import { readRun } from '../../src/report/read-run.ts';
import { prometheusText } from '../../src/telemetry/prometheus.ts';
import type { TenantSnapshot } from '../../src/telemetry/queue-snapshot.ts';
import { closedAfterEach, raise, raised, wordsRaisedAfterEach } from './started.ts';

const folder = mkdtempSync(join(tmpdir(), 'millpond-queue-figures-'));
afterAll(() => rmSync(folder, { recursive: true }));
const startRuntime = closedAfterEach();
const words = wordsRaisedAfterEach();
const quick = { do: 'hoard', bytes: 100, count: 1 };

const codeOf = (runtime: Runtime, options: RunOptions, input: object = quick) =>
  runtime.run(input, options).then(
    () => 'done',
    (error) => error.code,
  );

/** Keeps the thread until it is told to go on. */
async function hold(runtime: Runtime, options: RunOptions) {
  const flags = words();
  const holding = runtime.run({ do: 'hold', bytes: 100, count: 1, words: flags }, options);
  await raised(flags, 0);
  return async () => {
    raise(flags, 1);
    await holding;
  };
}

/** Of all tenants together. */
function sum({ queue: { tenants } }: ReturnType<Runtime['snapshot']>, of: keyof TenantSnapshot): number {
  const { none, named, others } = tenants;
  return [none, ...Object.values(named), others].reduce((all, tenant) => all + tenant[of], 0);
}

it('a refused run counts for its reason and its tenant, and is no task', async () => {
  const path = join(folder, 'run.millpond');
  const named = { studio: { weight: 4, maxBytes: 64 * KiB }, trial: { weight: 0.5, maxQueued: 1 } };
  const { runtime } = await startRuntime('pooling', {
    threads: 1,
    budgetBytes: 16 * MiB,
    maxQueue: 3,
    tenants: { named, others: { weight: 2 } },
    record: path,
  });
  const release = await hold(runtime, { tenant: 'studio', needBytes: 8 * KiB });
  const lease = runtime.pool.acquire(60 * KiB);
  const more = runtime.pool.acquire(60 * KiB);
  const waiting = [
    runtime.run({ ...quick, lease }, { tenant: 'studio' }),
    runtime.run(quick, { tenant: 'trial' }),
  ];
  expect(await codeOf(runtime, { tenant: 'trial' })).toBe('ERR_QUEUE_FULL');
  expect(await codeOf(runtime, { tenant: 'studio' }, { ...quick, more })).toBe('ERR_QUEUE_FULL');
  expect(await codeOf(runtime, { tenant: 'studio', needBytes: 65 * KiB })).toBe('ERR_REQUEST_TOO_LARGE');
  expect(await codeOf(runtime, { needBytes: 17 * MiB })).toBe('ERR_REQUEST_TOO_LARGE');
  waiting.push(runtime.run(quick, { tenant: 'x' }));
  expect(await codeOf(runtime, {})).toBe('ERR_QUEUE_FULL');
  expect(await codeOf(runtime, { tenant: 'y' })).toBe('ERR_QUEUE_FULL');

  const snapshot = runtime.snapshot();
  const refused = { queueFull: 2, tenantQueued: 1, tenantBytes: 1, tooLarge: 2 };
  expect(snapshot.queue).toMatchObject({ limit: 3, refused });
  const { none, others } = snapshot.queue.tenants;
  const { studio, trial } = snapshot.queue.tenants.named;
  expect(none).toMatchObject({ weight: 1, queued: 0, running: 0, refused: 2 });
  expect(studio).toMatchObject({ weight: 4, queued: 1, running: 1, refused: 2 });
  expect([studio.queuedBytes, studio.runningBytes]).toEqual([64 * KiB, 8 * KiB]);
  expect(trial).toMatchObject({ weight: 0.5, queued: 1, running: 0, queuedBytes: 0, refused: 1 });
  expect(others).toMatchObject({ weight: 2, queued: 1, running: 0, refused: 1, count: 1 });
  for (const of of ['queued', 'running'] as const) expect(sum(snapshot, of)).toBe(snapshot.tasks[of]);
  expect(sum(snapshot, 'refused')).toBe(6);
  expect(snapshot.health.checks.queueFull).toMatchObject({ state: 'warn', value: 100 });

  await release();
  await Promise.all(waiting);
  more.release();
  const after = runtime.snapshot();
  expect(after.queue).toMatchObject({ refused, tenants: { others: { queued: 0, ended: 1, count: 0 } } });
  expect(after.queue.tenants.named.studio).toMatchObject({ ended: 2, queuedBytes: 0, runningBytes: 0 });
  expect(after.queue.tenants.named.studio.servedSeconds).toBeGreaterThan(0);
  expect(sum(after, 'ended')).toBe(after.tasks.succeeded);
  expect(sum(after, 'servedSeconds')).toBeCloseTo(after.tasks.serviceTime.sum / 1e9, 6);
  expect(after.health.checks.queueFull.state).toBe('ok');

  await runtime.close();
  const run = await readRun(path);
  const recorded = Object.fromEntries(
    Object.keys(refused).map((why) => [
      why,
      run.intervals.reduce((all, { refusedRuns = {} }) => all + (refusedRuns[why as never] ?? 0), 0),
    ]),
  );
  expect(recorded).toEqual(refused);
  expect(run.end?.snapshot.queue).toEqual(after.queue);
  expect(readFileSync(path, 'utf8').split('\n')[1]).not.toContain('"refusedRuns":{}');
});

it('any number of tenants are shown as one, and those of the options by their names', async () => {
  const hostile = 'a"\n}1 \\ \u001b[2J';
  const tenants = { named: { [hostile]: {}, ['__proto__']: { weight: 3 } } };
  const { runtime } = await startRuntime('basic', { threads: 1, tenants });
  const run = (tenant: string) => runtime.run({ do: 'echo', value: 1 }, { tenant });
  await Promise.all(Array.from({ length: 300 }, (_, at) => run(`stranger ${at}\n"`)));
  await run(hostile);
  await run('__proto__');
  const { queue } = runtime.snapshot();
  expect(Object.keys(queue.tenants.named)).toEqual([hostile, '__proto__']);
  expect(Object.entries(queue.tenants.named).map(([, { ended, weight }]) => [ended, weight])).toEqual([
    ...[[1, 1]],
    ...[[1, 3]],
  ]);
  expect(queue.tenants.others).toMatchObject({ ended: 300, count: 0 });
  const lines = (await prometheusText(runtime.snapshot()))
    .split('\n')
    .filter((line) => line.startsWith('millpond_tenant_tasks_ended_total{'));
  expect(lines).toEqual([
    'millpond_tenant_tasks_ended_total{tenant_kind="none",tenant=""} 0',
    'millpond_tenant_tasks_ended_total{tenant_kind="named",tenant="a\\"\\n}1 \\\\ \u001b[2J"} 1',
    'millpond_tenant_tasks_ended_total{tenant_kind="named",tenant="__proto__"} 1',
    'millpond_tenant_tasks_ended_total{tenant_kind="others",tenant=""} 300',
  ]);
});

it('of a runtime without tenants only refusals are shown to Prometheus', async () => {
  const { runtime } = await startRuntime('basic', { threads: 1 });
  await runtime.run({ do: 'echo', value: 1 });
  const text = await prometheusText(runtime.snapshot());
  expect(text).not.toMatch(/^millpond_tenant/m);
  expect(text).not.toMatch(/^millpond_queue_limit /m);
  expect(text).toMatch(/^millpond_runs_refused_total\{reason="queueFull"\} 0$/m);
});

import { writeFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { Snapshot } from '../../src/telemetry/snapshot.ts';
import { writeWav } from '../audio/wav.ts';
import { readExposition } from '../telemetry/exposition.ts';
import { snapshotWith } from '../telemetry/snapshot-fixture.ts';
import { millpond, scratch, start, tone } from './millpond.ts';

const at = scratch();

function runFile(name: string, snapshot: Snapshot | undefined, more: object = {}): string {
  const run = { schema: 'millpond.run/1', command: 'transcode', runtime: snapshot, ...more };
  writeFileSync(at(name), `${JSON.stringify(run)}\n`);
  return at(name);
}

const missing = () => snapshotWith({ pool: { hitRate: 0.4 } });

describe('millpond health', () => {
  it('prints the verdict and each check, and ends with 0 when all are ok', async () => {
    const { code, stdout, stderr } = await millpond('health', runFile('ok.json', snapshotWith()));
    expect([code, stderr]).toEqual([0, '']);
    const lines = stdout.trimEnd().split('\n');
    expect(lines[0]).toBe('health               ok    All checks are fine.');
    expect(lines[1]).toBe('check                state     value     warn     fail');
    expect(lines[2]).toMatch(
      /^poolUtilization {6}ok {9}70 % {5}90 % {5}99 % {2}70\.0 % of the bytes in pools/,
    );
    expect(lines[4]).toMatch(/^allocationLatency {4}ok {7}600 ns {5}1 ms {3}100 ms {2}99 in 100/);
    expect(lines.slice(2).map((line) => line.split(' ')[0])).toEqual([
      'poolUtilization',
      'pressureLevel',
      'allocationLatency',
      'hitRatio',
      'cleanupFrequency',
      'recoverySuccessRate',
      'oldestTask',
      'queueStandstill',
      'silentThread',
      'lostThreads',
      'queueFull',
    ]);
  });

  it('ends with 1 when a check fails, whatever it prints', async () => {
    const file = runFile('fail.json', missing());
    const people = await millpond('health', file);
    expect(people.code).toBe(1);
    expect(people.stdout).toMatch(/^health +fail +hitRatio fails; the others are fine\.$/m);
    expect(people.stdout).toMatch(/^hitRatio .* raise .* or --budget, /m);
    const json = await millpond('health', file, '--json');
    expect(json.code).toBe(1);
    expect(JSON.parse(json.stdout)).toEqual(missing().health);
  });

  it('warns with 0, by thresholds that are given', async () => {
    const file = runFile('thresholds.json', snapshotWith());
    const warned = await millpond('health', file, '--warn', 'hitRatio=0.995', '--json');
    expect(warned.code).toBe(0);
    expect(JSON.parse(warned.stdout)).toMatchObject({
      verdict: 'warn',
      checks: { hitRatio: { state: 'warn', warnAt: 0.995, failAt: 0.5 } },
    });
    const failed = await millpond(
      'health',
      file,
      '--warn',
      'hitRatio=1',
      '--fail',
      'hitRatio=0.995',
      '--fail',
      'pressureLevel=1',
      '--warn',
      'pressureLevel=1',
      '--json',
    );
    expect(failed.code).toBe(1);
    expect(JSON.parse(failed.stdout).checks).toMatchObject({
      hitRatio: { state: 'fail' },
      pressureLevel: { state: 'fail' },
    });
  });

  it('judges what a run printed', async () => {
    writeWav(at('tone.wav'), [tone()], { rate: 8000 });
    const run = await millpond('transcode', at('tone.wav'), '--to', 'flac', '--out', at('out'), '--json');
    writeFileSync(at('run.json'), run.stdout);
    const { code, stdout } = await millpond('health', at('run.json'), '--json');
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toEqual(JSON.parse(run.stdout).runtime.health);
    const { stdout: text } = await millpond('health', at('run.json'), '--prometheus');
    const acquires = readExposition(text).find(({ name }) => name === 'millpond_pool_acquires_total');
    expect(acquires?.samples.reduce((sum, { value }) => sum + value, 0)).toBe(1);
  });

  it('reads stdin', async () => {
    const { child, ended } = start(['health', '-', '--json'], {}, 'pipe');
    child.stdin?.end(JSON.stringify({ schema: 'millpond.run/1', runtime: missing() }));
    const { code, stdout } = await ended;
    expect(code).toBe(1);
    expect(JSON.parse(stdout)).toMatchObject({ verdict: 'fail' });
  });

  it('prints metrics of jobs and tenants, whatever they are called, fit for a terminal', async () => {
    const name = 'a\u001b[2J\n"\u202e';
    const { tasks, queue } = snapshotWith();
    const snapshot = snapshotWith({
      tasks: { byJob: { [name]: tasks.byJob.transcode } },
      queue: { tenants: { named: { [name]: queue.tenants.named.studio } } },
    });
    const { stdout } = await millpond('health', runFile('hostile.json', snapshot), '--prometheus');
    expect(stdout).not.toMatch(/(?!\n)[\p{Cc}\u202e]/u);
    const samples = readExposition(stdout).flatMap((family) => family.samples);
    const shown = 'a\\u001b[2J\\u000a"\\u202e';
    expect(samples.find(({ labels }) => labels.tenant === shown)).toMatchObject({ value: 2 });
    expect(samples.find(({ labels }) => labels.job_kind === shown)).toBeDefined();
  });

  it('prints metrics with --prometheus', async () => {
    const { code, stdout } = await millpond('health', runFile('metrics.json', missing()), '--prometheus');
    expect(code).toBe(1);
    const families = readExposition(stdout);
    expect(families.find(({ name }) => name === 'millpond_threads')?.samples[0].value).toBe(2);
  });

  it.each<[string, () => string, string[], RegExp]>([
    ['is not there', () => at('none.json'), [], /got '.*none\.json': ENOENT.*Name the file/],
    [
      'is damaged',
      () => write('cut.json', '{"schema": "millpond.ru'),
      [],
      /whole JSON object; .*cut\.json is not/,
    ],
    ['is empty', () => write('empty.json', ''), [], /whole JSON object/],
    ['is foreign', () => write('foreign.json', '{"schema": 2}'), [], /millpond\.run\/1; .* has 2\./],
    ['is no object', () => write('null.json', 'null'), [], /has none\. Give the whole output/],
    [
      'has something else where a figure should be',
      () => runFile('odd.json', snapshotWith({ pool: { hitRate: 'half' as never } })),
      [],
      /in that of .*odd\.json pool\.hitRate should be a number from 0 to 1000, got "half"/,
    ],
    ['has no snapshot', () => write('five.json', '{"schema":"millpond.run/1","runtime":5}'), [], /got 5\./],
    ['is of an older version', () => runFile('old.json', undefined), [], /had none\. Run it again/],
    [
      'lacks a figure',
      () => runFile('torn.json', { ...snapshotWith(), pool: {} } as Snapshot),
      [],
      /lacks pool\.acquires/,
    ],
    [
      'lacks a figure that only metrics need',
      () => runFile('less.json', { ...snapshotWith(), cpu: {} } as Snapshot),
      ['--prometheus'],
      /lacks cpu\.cores/,
    ],
  ])('refuses what %s', async (_why, file, options, message) => {
    const { code, stdout, stderr } = await millpond('health', file(), ...options);
    expect([code, stdout]).toEqual([2, '']);
    expect(stderr).toMatch(message);
    expect(stderr).toMatch(/^millpond: .*\(ERR_INVALID_ARGUMENT\)\n$/);
  });

  it.each([
    [['--warn', 'hitRatio=0.1'], /^millpond: --warn hitRatio=0.1: .* Write --fail hitRatio=0.1, too\. /],
    [['--json', '--prometheus'], /cannot be used with/],
  ])('refuses %j', async (options, message) => {
    const { code, stderr } = await millpond('health', runFile('any.json', snapshotWith()), ...options);
    expect(code).toBe(2);
    expect(stderr).toMatch(message);
  });
});

function write(name: string, text: string): string {
  writeFileSync(at(name), text);
  return at(name);
}

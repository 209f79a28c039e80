import { describe, expect, it } from 'vitest';
import { MiB } from '../../src/bytes.ts';
import { changeOf } from '../../src/report/change.ts';
import { compareRuns } from '../../src/report/comparison.ts';
import { PLAIN_QUANTITIES } from '../../src/report/quantities.ts';
import type { RecordedRun } from '../../src/report/recorded-run.ts';
import type { HeaderLine, IntervalLine, RecordingLine } from '../../src/telemetry/recording/lines.ts';
import { type MadeRun, madeLines, textOf } from './made-run.ts';
import { parseRun } from './parse-run.ts';

const SECONDS = 120;

type Change<Line> = (line: Line, at: number) => Line;

/** Made once, since most runs are those of one seed. */
const made = new Map<string, readonly RecordingLine[]>();
function linesOf(options: MadeRun): readonly RecordingLine[] {
  const key = JSON.stringify(options);
  const lines = made.get(key) ?? madeLines(options);
  made.set(key, lines);
  return lines;
}

function run(
  options: MadeRun = {},
  interval?: Change<IntervalLine>,
  header?: Change<HeaderLine>,
): RecordedRun {
  const lines = linesOf({ seconds: SECONDS, ...options }).map((line, at): RecordingLine => {
    if (line.kind === 'interval') return interval?.(line, at) ?? line;
    return line.kind === 'header' ? (header?.(line, at) ?? line) : line;
  });
  return parseRun(`made ${options.seed ?? 1}`, textOf(lines));
}

const base = run({ seed: 1 });
const compared = (...others: RecordedRun[]) => compareRuns([base, ...others]).others;
const figure = (other: RecordedRun, name: string) =>
  compared(other)[0].figures.find((one) => one.name === name);

describe('a run beside its base', () => {
  it('is noise where only chance differs', () => {
    const [{ change, sentence }] = compared(run({ seed: 2 }));
    expect(change, sentence).toBe('noise');
    expect(sentence).toMatch(/^Noise, or too small to matter: hit rate \(the same\); throughput \(within /);
  });

  it('is worse, the biggest first and with figures, where it is slower', () => {
    const [{ change, sentence, figures }] = compared(run({ seed: 2, slowness: 1.3 }));
    expect(change).toBe('worse');
    const ratios = [
      ...(sentence.split('Noise')[0].matchAll(/([\d.]+) times \(([\d.]+) to ([\d.]+)\)/g) ?? []),
    ].map(([, ...ratios]) => ratios.map(Number));
    expect(ratios).toHaveLength(3);
    expect(ratios.map(([ratio]) => ratio)).toEqual(ratios.map(([ratio]) => ratio).sort((a, b) => b - a));
    for (const [, least] of ratios) expect(least).toBeGreaterThan(1);
    expect(sentence).toMatch(/^Worse: .+ us to .+; and \d more\. Noise, or too small to matter: hit rate/);
    expect(figures.find(({ name }) => name === 'p50 of queue waits')?.change).toBe('worse');
    expect(figures.find(({ name }) => name === 'throughput')?.change).toBe('noise');
  });

  it('is better where it is quicker, and where more is better', () => {
    expect(compared(run({ seed: 2, slowness: 0.8 }))[0].change).toBe('better');
    const doing = (times: number) =>
      run({ seed: 2 }, (line) => ({
        ...line,
        shards: line.shards.map(([shard, charged, idle, processed, cpu]) => [
          shard,
          charged,
          idle,
          Math.round(processed * times),
          cpu,
        ]),
      }));
    expect(figure(doing(1.2), 'throughput')).toMatchObject({ change: 'better', unit: 'B/s' });
    expect(figure(doing(0.8), 'throughput')?.change).toBe('worse');
    expect(compared(doing(0.8))[0].change).toBe('worse');
  });

  it('is compared at one length of interval', () => {
    const fine = run({ seed: 3, seconds: 240 });
    const [{ change, figures }] = compared(run({ seed: 2, seconds: 240, intervalSeconds: 4, hits: 5120 }));
    expect(change).toBe('noise');
    expect(figures.find(({ name }) => name === 'throughput')?.spread).not.toBeNull();
    expect(compareRuns([run({ intervalSeconds: 4, seconds: 240 }), fine]).others[0].change).toBe('noise');
  });

  it('has ratio and spread around what it was slowed by', () => {
    const p50 = figure(run({ seed: 5, slowness: 1.5 }), 'p50 of all requests');
    const [least, most] = p50?.spread ?? [0, 0];
    expect(p50?.ratio).toBeGreaterThan(1.4);
    expect(p50?.ratio).toBeLessThan(1.6);
    expect(least).toBeGreaterThan(1.35);
    expect(most).toBeLessThan(1.65);
    expect(p50?.p).toBeLessThan(1e-9);
  });

  it('that is too short is unknown, and says how long runs would have to be', () => {
    const [{ change, sentence, figures }] = compared(run({ seed: 2, seconds: 5 }));
    expect(change).toBe('unknown');
    expect(
      figures.every(({ p, spread, change }) => p === null && spread === null && change === 'unknown'),
    ).toBe(true);
    expect(sentence).toMatch(
      /^Too little was recorded to judge: .+ \(runs of 10 s would do\); .+; and \d+ more\.$/,
    );
  });

  it('that drifts all the time is worth too few independent values, and is unknown too', () => {
    const drifting = (seed: number, times: number) =>
      run({ seed }, (line, at) => ({
        ...line,
        shards: line.shards.map(([shard, charged, idle, , cpu]) => [shard, charged, idle, at * times, cpu]),
      }));
    const [{ figures, sentence }] = compareRuns([drifting(1, 1000), drifting(2, 1500)]).others;
    expect(figures.find(({ name }) => name === 'throughput')?.change).toBe('unknown');
    // Memory in use goes up and down slowly in made runs.
    expect(sentence).toMatch(/Too little was recorded to judge: .*peak memory \(runs of \d min would do\)/);
  });

  it('that would be told from chance by itself, and not among so many looks, is unknown and not noise', () => {
    const quantity = PLAIN_QUANTITIES.get('throughput')!;
    const ranked = { p: 0.01, side: -1, spread: null, centre: 0.5, independent: 20 } as const;
    const examined = { quantity, base: 100, other: 50, ranked, needSeconds: null };
    expect([0.01, 0.1].map((corrected) => changeOf(examined, corrected))).toEqual(['worse', 'unknown']);
    expect(changeOf({ ...examined, ranked: { ...ranked, p: 0.1 } }, 0.5)).toBe('noise');
  });

  it('is worse where it is both better and worse', () => {
    const busier = run({ seed: 2, slowness: 1.3 }, (line) => ({
      ...line,
      shards: line.shards.map(([shard, charged, idle, bytes, cpu]) => [shard, charged, idle, bytes * 2, cpu]),
    }));
    const [{ change, sentence }] = compared(busier);
    expect(change).toBe('worse');
    expect(sentence).toMatch(/^Worse: .+ Better: throughput, .+, 2 times \(1\.9\d to 2\.0\d\)\. Noise/);
  });

  it('is compared by the median of a cause that has few values, and by p99 where there are enough', () => {
    const names = compared(run({ seed: 2 }))[0].figures.map(({ name }) => name);
    expect(names).toContain('p50 of fresh allocations');
    expect(names).toContain('p99 of hits');
    expect(names).not.toContain('p99 of direct allocations');
  });

  it('has its spread found between stretches of as many records, so that doing more is not being slower', () => {
    // The same latencies, but four times the intervals: a maximum of four times as many values is larger.
    const busy = run({ seed: 2, seconds: 480, intervalSeconds: 1 });
    const lines = busy.intervals.map((line) => ({ ...line, from: line.from / 4, to: line.to / 4 }));
    const quick = { ...busy, intervals: lines, seconds: busy.seconds / 4 };
    expect(figure(quick, 'max of all requests')?.change).toBe('noise');
    expect(figure(quick, 'throughput')?.change).toBe('better');
  });
});

describe('what happened only in one of both', () => {
  it('is said, whatever ranks think of it', () => {
    const failing = run({ seed: 2 }, (line, at) =>
      at === 50 ? { ...line, tasks: { ...line.tasks, failed: 3 } } : line,
    );
    expect(compared(failing)[0].sentence).toContain('Only the other run has: failed tasks (3).');
    expect(compareRuns([failing, base]).others[0].sentence).toContain('Only the base has: failed tasks (3).');
    expect(figure(failing, 'failed tasks')).toMatchObject({
      base: 0,
      other: 3,
      ratio: null,
      change: 'noise',
    });
  });

  it('is a change where it goes on and on', () => {
    const failing = run({ seed: 2 }, (line) => ({ ...line, tasks: { ...line.tasks, failed: 2 } }));
    expect(figure(failing, 'failed tasks')).toMatchObject({ change: 'worse', spread: null });
  });
});

describe('runs that differ in how they were made', () => {
  const unlike = (header: Change<HeaderLine>) =>
    compared(run({ seed: 2 }, undefined, header))[0].sentence.split(
      'This does not compare like with like',
    )[1];

  it('are not like with like', () => {
    expect(unlike((line) => line)).toBeUndefined();
    const budget = unlike((line) => ({
      ...line,
      options: { ...line.options, budgetBytes: 50 * MiB, threads: 4 },
    }));
    expect(budget).toBe(': the runs differ in threads (2, then 4), budgetBytes (104857600, then 52428800).');
    expect(unlike((line) => ({ ...line, versions: { ...line.versions, node: 'v24.1.0' } }))).toContain(
      'Node (v26.10.0, then v24.1.0)',
    );
    expect(unlike((line) => ({ ...line, machine: { ...line.machine, cores: 8 } }))).toContain(
      'cores (2, then 8)',
    );
  });

  it('say so without giving a terminal orders', () => {
    const hostile = unlike((line) => ({ ...line, label: `\u001b[2J${'x'.repeat(10_000)}` }));
    expect(hostile).not.toContain('\u001b');
    expect(hostile?.length).toBeLessThan(200);
  });
});

it('every other run is held against the first', () => {
  const comparison = compareRuns([base, run({ seed: 2 }), run({ seed: 3, slowness: 2 })]);
  expect(comparison.base).toBe(base.origin);
  expect(comparison.others.map(({ origin, change }) => [origin, change])).toEqual([
    ['made 2', 'noise'],
    ['made 3', 'worse'],
  ]);
});

it('takes two runs', () => {
  expect(() => compareRuns([base])).toThrow(expect.objectContaining({ code: 'ERR_INVALID_ARGUMENT' }));
});

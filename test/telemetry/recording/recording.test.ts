import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { CpuSnapshot } from '../../../src/machine/cpu-load.ts';
import { FRESH, HIT } from '../../../src/pool/causes.ts';
import { lengthMs } from '../../../src/telemetry/recording/interval-length.ts';
import { TIERS } from '../../../src/telemetry/series.ts';
import { snapshotWith } from '../snapshot-fixture.ts';
import { makeStand, readingWith, START_MS, type Stand } from './stand.ts';

const LEAST_INTERVAL_MS = lengthMs(0);

let stand: Stand;
beforeEach(() => {
  stand = makeStand();
});
afterEach(() => stand.remove());

const decision = (number: number, score: object | null = null) => ({
  ...{ number, atSeconds: 1, kind: 'trim' as const, reason: 'so', score: score as never },
  inputs: {
    ...{ cpu: null, pressure: 'nominal' as const, usedBytes: 0, idleBytes: 0, blockBytes: 0 },
    ...{ bytesPerCpuSecond: null, p99Nanoseconds: null },
  },
});
const score = {
  ...{
    verdict: 'good',
    recoveredBytes: 0,
    returnedBytes: 0,
    p99Ratio: null,
    throughputRatio: null,
    regret: 0,
  },
};
const load = (process: number, shard: number | null): CpuSnapshot => ({
  cores: 2,
  process: { raw: null, smoothed: process },
  system: { raw: null, smoothed: null },
  byShard: [{ shard: 1, cpu: { raw: shard, smoothed: null }, eventLoop: { raw: 1, smoothed: 1 } }],
});

describe('intervals', () => {
  it('are asked of threads a tenth of a second before their end', () => {
    stand.later(2.5 * LEAST_INTERVAL_MS);
    expect(stand.asked).toEqual([1, 2].map((count) => START_MS + count * LEAST_INTERVAL_MS - 100));
  });

  it('end one step later where the main thread was busy: threads are asked first', async () => {
    stand.nowMs += 4000;
    stand.recording.tick(stand.nowMs);
    expect((await stand.read()).intervals).toEqual([]);
    stand.later(50);
    expect((await stand.read()).intervals.map(({ to }) => to)).toEqual([4.05]);
    expect(stand.asked).toEqual([START_MS + 4000]);
  });

  it('follow each other without a gap, from the start to the end', async () => {
    stand.later(850);
    stand.recording.close(snapshotWith());
    const { intervals, end, seconds } = await stand.read();
    expect(intervals.map(({ from, to }) => [from, to])).toEqual([
      [0, 0.25],
      [0.25, 0.5],
      [0.5, 0.75],
      [0.75, 0.85],
    ]);
    expect([end?.at, seconds]).toEqual([0.85, 0.85]);
  });

  it('last 0.25 s at first and twice as long after each 600, up to 32 s: a day has some six thousand', () => {
    expect([0, 599, 600, 1199, 1200, 2999, 3000, 100_000].map(lengthMs)).toEqual([
      ...[250, 250, 500, 500, 1000, 4000, 8000, 32_000],
    ]);
    let intervals = 0;
    for (let ms = 0; ms < 86_400_000; ms += lengthMs(intervals)) intervals++;
    expect(intervals).toBe(6304);
  });

  it('last a hundred times what a line costs, at least, once two in a row have cost so much', async () => {
    stand.costMs = 50;
    stand.later(20_000);
    const lengths = (await stand.read()).intervals.map(({ from, to }) => to - from);
    expect(lengths.slice(0, 2).map((length) => length < 0.5)).toEqual([true, true]);
    expect(Math.min(...lengths.slice(2))).toBeGreaterThanOrEqual(5);
    expect(lengths.length).toBeGreaterThan(3);
    // Back to the least length after one that was quick.
    stand.costMs = 0;
    stand.later(20_000);
    const after = (await stand.read()).intervals.map(({ from, to }) => Math.round((to - from) * 1000));
    expect(after.slice(-3)).toEqual([LEAST_INTERVAL_MS, LEAST_INTERVAL_MS, LEAST_INTERVAL_MS]);
  });

  it('hold what was served, by cause and tier, and leave out what was not', async () => {
    stand.reading = readingWith({
      served: [
        [HIT * TIERS + 1, 10],
        [FRESH * TIERS + 2, 3],
      ],
    });
    stand.later(LEAST_INTERVAL_MS);
    stand.reading = readingWith({
      served: [
        [HIT * TIERS + 1, 25],
        [FRESH * TIERS + 2, 3],
      ],
    });
    stand.later(LEAST_INTERVAL_MS);
    const { intervals } = await stand.read();
    expect(intervals.map(({ served }) => served)).toEqual([
      { hit: [0, 10, 0, 0], fresh: [0, 0, 3, 0] },
      { hit: [0, 15, 0, 0] },
    ]);
  });

  it('count what tasks ended in them', async () => {
    stand.reading = readingWith({ succeeded: 4 });
    stand.later(LEAST_INTERVAL_MS);
    stand.reading = readingWith({ succeeded: 9 });
    stand.later(LEAST_INTERVAL_MS);
    expect((await stand.read()).intervals.map(({ tasks }) => tasks.succeeded)).toEqual([4, 5]);
  });

  it('hold CPU loads in the mean of about a sample a second', async () => {
    // The third line comes after a hundred times what the first two cost.
    stand.costMs = 30;
    stand.cpu = load(0.5, 0.25);
    stand.later(LEAST_INTERVAL_MS);
    stand.later(LEAST_INTERVAL_MS + 50);
    stand.reading = readingWith({ processed: { 0: 0, 1: 0 } });
    for (const cpu of [load(0.1, null), load(0.3, 0.8), load(0.8, 0.4)]) {
      stand.cpu = cpu;
      stand.later(1000);
    }
    const { intervals } = await stand.read();
    expect(intervals.map(({ cpu }) => cpu)).toEqual([
      { process: 0.5, system: null },
      { process: 0.5, system: null },
      { process: 0.4, system: null },
    ]);
    expect(intervals[2].shards.map(([shard, , , , cpu]) => [shard, cpu])).toEqual([
      [0, null],
      [1, 0.6],
    ]);
  });
});

describe('bytes that were processed', () => {
  it('are counted once, also where a thread died and another one took its row', async () => {
    const { recording } = stand;
    stand.reading = readingWith({ processed: { 0: 0, 1: 100, 2: 50 } });
    stand.later(LEAST_INTERVAL_MS);
    stand.reading = readingWith({ processed: { 0: 0, 1: 130, 2: 80 } });
    recording.threadGone(1);
    stand.reading = readingWith({ processed: { 0: 0, 1: 7, 2: 80 } });
    stand.later(LEAST_INTERVAL_MS);
    stand.reading = readingWith({ processed: { 0: 0, 1: 7, 2: 95 } });
    recording.threadGone(2);
    stand.reading = readingWith({ processed: { 0: 0, 1: 8 } });
    stand.later(LEAST_INTERVAL_MS);
    const { intervals } = await stand.read();
    expect(intervals.map(({ shards }) => shards.map(([shard, , , bytes]) => [shard, bytes]))).toEqual([
      [
        [0, 0],
        [1, 100],
        [2, 50],
      ],
      [
        [0, 0],
        [1, 37],
        [2, 30],
      ],
      [
        [0, 0],
        [1, 1],
        [2, 15],
      ],
    ]);
  });
});

describe('events', () => {
  it('are in the file at once, with their time', async () => {
    const { recording } = stand;
    stand.nowMs += 250;
    recording.pressureChanged('nominal', 'high', { ledgerShare: 0.86, processShare: null } as never);
    recording.emergencyEnded({ recovered: true, milliseconds: 12.5, recoveredBytes: 4096 });
    recording.workerLost({ shard: 2, exitCode: 1, task: 'a' });
    recording.decided(decision(1));
    recording.judged(decision(1, score));
    const { pressures, recoveries, workersLost, decisions } = await stand.read();
    expect(pressures).toEqual([
      { kind: 'pressure', at: 0.25, from: 'nominal', to: 'high', ledgerShare: 0.86, processShare: null },
    ]);
    expect(recoveries).toMatchObject([
      { at: 0.25, recovered: true, milliseconds: 12.5, recoveredBytes: 4096 },
    ]);
    expect(workersLost).toEqual([{ kind: 'worker-lost', at: 0.25, shard: 2, exitCode: 1, task: 'a' }]);
    expect(decisions).toEqual([decision(1, score)]);
  });

  it('are 32 beside one interval at most; what is left out is counted, and not judged either', async () => {
    const { recording } = stand;
    for (let number = 1; number <= 40; number++) recording.decided(decision(number));
    stand.later(LEAST_INTERVAL_MS);
    for (let number = 1; number <= 40; number++) recording.judged(decision(number, score));
    recording.decided(decision(41));
    stand.later(LEAST_INTERVAL_MS);
    const { decisions, intervals } = await stand.read();
    expect(decisions.map(({ number }) => number)).toEqual([
      ...Array.from({ length: 32 }, (_, at) => at + 1),
      41,
    ]);
    expect(decisions.filter((one) => one.score !== null)).toHaveLength(32);
    expect(intervals.map(({ omitted }) => omitted)).toEqual([8, undefined]);
    expect(stand.lines().filter((line) => line.includes('"kind":"score"'))).toHaveLength(32);
  });
});

describe('tasks', () => {
  const task = {
    name: 'a',
    shard: 1,
    acceptedMs: START_MS,
    startedMs: START_MS + 100,
    outcome: 'succeeded' as const,
  };

  it('are told with how long they waited and ran; the slowest three by name', async () => {
    for (const [name, ms] of [
      ['a', 30],
      ['b', 50],
      ['c', 10],
      ['d', 40],
      ['e', 20],
    ] as const) {
      stand.recording.ended({ ...task, name, endedMs: task.startedMs + ms });
    }
    stand.later(LEAST_INTERVAL_MS);
    stand.recording.ended({ ...task, name: 'f', endedMs: task.startedMs + 60 });
    stand.later(LEAST_INTERVAL_MS);
    const { intervals } = await stand.read();
    expect(intervals[0].slowest).toEqual([
      ['b', 1, 0.1, 1e8, 5e7, 'succeeded'],
      ['d', 1, 0.1, 1e8, 4e7, 'succeeded'],
      ['a', 1, 0.1, 1e8, 3e7, 'succeeded'],
    ]);
    expect(intervals[1].slowest.map(([name]) => name)).toEqual(['f']);
    expect(intervals[0].series.map(([name, shard, , max, sum]) => [name, shard, max, sum])).toEqual([
      ['queue', 1, 1e8, 5e8],
      ['service', 1, 5e7, 15e7],
    ]);
  });

  it('that never ran have waited only, on no worker', async () => {
    stand.recording.ended({
      ...task,
      shard: 0,
      startedMs: null,
      endedMs: START_MS + 70,
      outcome: 'cancelled',
    });
    stand.later(LEAST_INTERVAL_MS);
    const [{ series, slowest }] = (await stand.read()).intervals;
    expect(series.map(([name, shard, , max]) => [name, shard, max])).toEqual([['queue', 0, 7e7]]);
    expect(slowest).toEqual([]);
  });

  it('are named at most 500 characters long, whatever is in them', async () => {
    const name = `</script>\u001b[31m\n"${'x'.repeat(1000)}`;
    stand.recording.ended({ ...task, name, endedMs: task.startedMs + 30 });
    stand.later(LEAST_INTERVAL_MS);
    expect((await stand.read()).intervals[0].slowest[0][0]).toBe(`${name.slice(0, 500)}…`);
  });
});

describe('moves', () => {
  it('of the same kind between the same two are added up', async () => {
    const move = { kind: 'quota' as const, tier: 'large' as const, from: 1, to: 2, count: 3 };
    stand.recording.moved({ moves: [move, { ...move, to: 0 }] });
    stand.recording.moved({ moves: [move] });
    stand.later(LEAST_INTERVAL_MS);
    stand.later(LEAST_INTERVAL_MS);
    const { intervals } = await stand.read();
    expect(intervals.map(({ moves }) => moves)).toEqual([
      [
        ['quota', 'large', 1, 2, 6],
        ['quota', 'large', 1, 0, 3],
      ],
      [],
    ]);
  });
});

describe('at the end', () => {
  it('the last interval shows memory as it was before everything was given back, and what was done until then', async () => {
    stand.reading = readingWith({ usedBytes: 5000, processed: { 0: 0, 1: 10 }, served: [[0, 1]] });
    stand.later(200);
    stand.recording.closing();
    stand.reading = readingWith({ processed: { 0: 0, 1: 40 }, served: [[0, 3]] });
    stand.recording.threadGone(1);
    stand.reading = readingWith({ processed: { 0: 0 }, served: [[0, 3]] });
    stand.recording.close(snapshotWith());
    const { intervals } = await stand.read();
    expect(intervals).toHaveLength(1);
    expect(intervals[0]).toMatchObject({ budget: { usedBytes: 5000 }, served: { hit: [3, 0, 0, 0] } });
    expect(intervals[0].shards.map(([shard, , , bytes]) => [shard, bytes])).toEqual([
      [0, 0],
      [1, 40],
    ]);
  });

  it('nothing is written any more', async () => {
    stand.recording.close(snapshotWith());
    const before = stand.lines();
    stand.recording.decided(decision(1));
    stand.recording.close(snapshotWith());
    stand.later(5000);
    expect(stand.lines()).toEqual(before);
    expect(before.map((line) => line.slice(0, 18))).toEqual([
      '{"kind":"header","',
      '{"kind":"interval"',
      '{"kind":"end","at"',
      '',
    ]);
  });
});

describe('a file that cannot be written', () => {
  it('ends the recording with one word, and nothing is read for it any more', () => {
    const full = makeStand('/dev/full');
    expect(full.failures).toEqual([expect.stringContaining('ENOSPC')]);
    full.reading = undefined as never;
    full.later(60_000);
    full.recording.decided(decision(1));
    full.recording.closing();
    full.recording.close(snapshotWith());
    expect(full.failures).toHaveLength(1);
    full.remove();
  });
});

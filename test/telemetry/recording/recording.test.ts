import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { lengthMs } from '../../../src/telemetry/recording/interval-length.ts';
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
    ...{ bytesPerCpuSecond: null, p99Nanoseconds: null, acquireShare: null, waitShare: null },
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
    job: 0,
    tenant: '',
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

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

const load = (process: number, shard: number | null): CpuSnapshot => ({
  cores: 2,
  process: { raw: null, smoothed: process },
  wanted: { raw: null, smoothed: null },
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

  it('count the runs that were refused in them, and say nothing where there were none', async () => {
    stand.later(LEAST_INTERVAL_MS);
    stand.reading = readingWith({ queueFull: 3 });
    stand.later(LEAST_INTERVAL_MS);
    stand.reading = readingWith({ queueFull: 5 });
    stand.later(LEAST_INTERVAL_MS);
    stand.later(LEAST_INTERVAL_MS);
    const { intervals } = await stand.read();
    const none = undefined;
    expect(intervals.map(({ refusedRuns }) => refusedRuns)).toEqual([
      ...[none, { queueFull: 3 }, { queueFull: 2 }, none],
    ]);
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

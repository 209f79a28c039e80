import { describe, expect, it } from 'vitest';
import { Demand } from '../../../src/service/admission/demand.ts';
import type { Entry } from '../../../src/service/admission/entry.ts';
import { Lanes } from '../../../src/service/admission/lanes.ts';
import { Uploads } from '../../../src/service/admission/uploads.ts';

function entry(lane: 'short' | 'long', workMs = 100): Entry {
  return { lane, workMs } as Entry;
}

describe('lanes', () => {
  it('leave one thread to short work, and any to it', () => {
    const lanes = new Lanes(2, 0);
    lanes.begin(entry('long'), 0);
    expect([lanes.has('long'), lanes.isLast('long')]).toEqual([true, true]);
    lanes.begin(entry('long'), 0);
    expect([lanes.has('long'), lanes.has('short'), lanes.isLast('short')]).toEqual([false, true, true]);
    const short = entry('short');
    lanes.begin(short, 0);
    expect(lanes.has('short')).toBe(false);
    expect(lanes.counts).toEqual({ short: 1, long: 2 });
    lanes.end(short, 10);
    expect([lanes.has('short'), lanes.has('long')]).toEqual([true, false]);
  });

  it('count work by what it had of a core', () => {
    const lanes = new Lanes(2, 0);
    const works = [entry('long', 300), entry('short'), entry('short')];
    for (const work of works) lanes.begin(work, 0);
    // Three threads on two cores.
    expect(lanes.leftMs(works[0], 150)).toBeCloseTo(200, 6);
    expect(lanes.end(works[1], 300)).toBeCloseTo(200, 6);
    expect(lanes.end(works[2], 400)).toBeCloseTo(300, 6);
    expect(lanes.end(works[0], 500)).toBeCloseTo(400, 6);
  });

  it('know that cores are shared with others, as far as that can be believed', () => {
    const lanes = new Lanes(2, 0);
    for (let i = 0; i < 3; i++) lanes.begin(entry('short'), 0);
    lanes.others(0.5, 100);
    expect([lanes.slowing(1), lanes.slowing(2), lanes.slowing(3)]).toEqual([1, 4 / 3, 2]);
    lanes.others(1.9, 200);
    expect(lanes.slowing(2)).toBe(2);
    // A tenth of a second each of two thirds, of half and of a third of a core.
    expect(lanes.workAt(300)).toBeCloseTo(66.7 + 50 + 33.3, 1);
  });

  it('expect work that takes too long to go on for a while', () => {
    const lanes = new Lanes(2, 0);
    const work = entry('long', 100);
    lanes.begin(work, 0);
    expect(lanes.leftMs(work, 1_000)).toBe(200);
  });
});

describe('demand', () => {
  it('is what is asked for, as a part of what can be done', () => {
    const demand = new Demand(2, 0);
    for (let ms = 0; ms < 120_000; ms += 100) demand.asked(300, ms);
    expect(demand.at(120_000)).toBeCloseTo(1.5, 1);
    expect(demand.overload(120_000)).toBe(1);
    expect(demand.overload(140_000)).toBe(0);
  });

  it('is not above what can be done for one request, however long', () => {
    const demand = new Demand(2, 0);
    demand.asked(1e9, 0);
    expect(demand.overload(0)).toBe(0);
  });
});

describe('uploads', () => {
  it('are expected to take as long as others did', () => {
    const uploads = new Uploads();
    for (let i = 0; i < 200; i++) uploads.came(1e6, 2_000);
    expect(uploads.expectedMs(1e6)).toBeGreaterThan(1_900);
    expect(uploads.expectedMs(1e7)).toBeGreaterThan(10_000);
    for (let i = 0; i < 300; i++) uploads.came(1e6, 0);
    expect(uploads.expectedMs(1e6)).toBeLessThan(50);
  });
});

import { describe, expect, it } from 'vitest';
import type { Entry } from '../../../src/service/admission/entry.ts';
import { Lanes } from '../../../src/service/admission/lanes.ts';
import { Line } from '../../../src/service/admission/line.ts';
import { yields, yieldsUntilMs } from '../../../src/service/admission/yields.ts';

function entry(parts: Partial<Entry>): Entry {
  const [readyMs, askedMs] = [0, 0];
  const whole = { state: 'waiting', lane: 'short', workMs: 500, readyMs, askedMs, key: 0, startByMs: 1e6 };
  const body = { headSize: { bytes: 100 }, cameBytes: 0, cameMs: 0 };
  return { ...whole, ...body, yieldsFromMs: null, ...parts } as Entry;
}

/** Two cores, so many threads busy for long, and a body that should be whole after 5 ms. */
function here(busy: number, comes: Partial<Entry> = {}): [Lanes, Line] {
  const [lanes, line] = [new Lanes(2, 0), new Line()];
  for (let i = 0; i < busy; i++) lanes.begin(entry({ lane: 'long', workMs: 10_000 }), 0);
  line.add(entry({ state: 'coming', workMs: 20, readyMs: 5, startByMs: 20, ...comes }));
  return [lanes, line];
}

describe('the last thread', () => {
  it('is left to smaller work that comes, until that would take too long', () => {
    const waits = entry({});
    const [lanes, line] = here(2);
    expect(yields(waits, lanes, line, 0)).toBe(true);
    expect(yieldsUntilMs(waits)).toBe(200);
    expect([yields(waits, lanes, line, 199), yields(waits, lanes, line, 200)]).toEqual([true, false]);
  });

  it.each<[string, number, Partial<Entry>, Partial<Entry>]>([
    ['another is free', 1, {}, {}],
    ['what comes can wait', 2, { startByMs: 600 }, {}],
    ['what comes is far away', 2, { readyMs: 600, startByMs: 615 }, {}],
    ['what comes is of the other lane', 2, { lane: 'long' }, {}],
    ['it has to start itself', 2, {}, { startByMs: 0 }],
  ])('is not left to others where %s', (_why, busy, comes, waits) => {
    expect(yields(entry(waits), ...here(busy, comes), 0)).toBe(false);
  });

  it('of long work is left only for as long as a core may be idle', () => {
    const waits = entry({ lane: 'long', workMs: 60_000 });
    const [lanes, line] = here(1, { lane: 'long', workMs: 2_000 });
    expect(yields(waits, lanes, line, 0)).toBe(true);
    expect(yieldsUntilMs(waits)).toBe(1_000);
  });
});

describe('the line', () => {
  it('expects a body that is late the later the longer it came', () => {
    const line = new Line();
    const slow = entry({ state: 'coming', cameMs: 900, readyMs: 100, startByMs: 150, key: 160 });
    const next = entry({ state: 'coming', readyMs: 1_100 });
    line.add(slow);
    line.add(next);
    line.wait(99);
    expect(slow.readyMs).toBe(100);
    line.wait(1_000);
    expect([slow.readyMs, slow.startByMs, slow.key]).toEqual([1_400, 1_450, 1_460]);
    expect(line.coming).toEqual([next, slow]);
  });

  it('expects a body to go on as it came', () => {
    const line = new Line();
    const slow = entry({ state: 'coming', cameBytes: 80, cameMs: 990, readyMs: 100, startByMs: 150 });
    line.add(slow);
    line.wait(1_000);
    expect([slow.readyMs, slow.startByMs]).toEqual([1_250, 1_300]);
  });

  it('keeps no thread for a body that stands still', () => {
    const line = new Line();
    const still = entry({ state: 'coming', cameBytes: 99, cameMs: 200, readyMs: 100, startByMs: 150 });
    line.add(still);
    line.wait(1_000);
    expect([still.readyMs, still.startByMs]).toEqual([1_800, Infinity]);
  });

  it('stands by when bodies are whole, and by whose turn it is', () => {
    const line = new Line();
    const waiting = [3, 1, 2].map((key) => entry({ key }));
    const coming = [30, 10, 20].map((readyMs) => entry({ state: 'coming', readyMs }));
    for (const each of [...waiting, ...coming]) line.add(each);
    expect(line.waiting.map(({ key }) => key)).toEqual([1, 2, 3]);
    const planned = line.planned([entry({ readyMs: 15 }), entry({ readyMs: 5 })]);
    expect(planned.slice(3).map(({ readyMs }) => readyMs)).toEqual([5, 10, 15, 20, 30]);
    expect(line.length).toBe(6);
    line.remove(waiting[0]);
    line.remove(coming[0]);
    expect(line.length).toBe(4);
  });
});

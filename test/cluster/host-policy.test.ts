import { describe, expect, it } from 'vitest';
import { givesBack, type HostLoad, mostRunning, Turns, takesPage } from '../../src/cluster/host-policy.ts';

const IDLE: HostLoad = {
  threads: 4,
  running: 0,
  waiting: 0,
  workSeconds: 0,
  holdsSuspect: false,
  pressure: 'nominal',
  emergency: false,
  lostThreads: 0,
  stuckMs: 0,
  othersShare: 0,
};

describe('a host', () => {
  it.each<[string, Partial<HostLoad>, boolean]>([
    ['is idle', {}, true],
    ['has a free thread', { running: 3, workSeconds: 1000 }, true],
    ['is soon done with short files', { running: 6, workSeconds: 0.4 }, true],
    ['has long files for all its threads', { running: 4, workSeconds: 100 }, false],
    ['has files that wait', { waiting: 1 }, false],
    ['has as many short files as wait for threads', { running: 8, workSeconds: 0.1 }, false],
    ['is short of memory and busy', { pressure: 'high', running: 4 }, false],
    ['is short of memory and has a free thread', { pressure: 'high', running: 3 }, true],
    ['has no memory left', { pressure: 'critical' }, false],
    ['is in an emergency', { emergency: true }, false],
    ['holds a file that may kill it', { holdsSuspect: true }, false],
    ['has lost all its threads', { lostThreads: 4 }, false],
    ['has a runner that does not come to work', { stuckMs: 30_000 }, false],
    [
      'has lost all its threads but one, which is busy',
      { lostThreads: 3, running: 1, workSeconds: 9 },
      false,
    ],
    [
      'shares its machine with others that take three quarters',
      { othersShare: 0.75, running: 1, workSeconds: 9 },
      false,
    ],
  ])('that %s takes a page: %#', (_, load, takes) => {
    expect(takesPage({ ...IDLE, ...load })).toBe(takes);
  });

  it('lets one file begin at a time where memory is critical, and gives back what has not begun', () => {
    expect(mostRunning({ ...IDLE, pressure: 'critical' })).toBe(1);
    expect(givesBack({ ...IDLE, pressure: 'critical' })).toBe(true);
    expect(givesBack({ ...IDLE, pressure: 'high' })).toBe(false);
    expect(givesBack({ ...IDLE, stuckMs: 29_999 })).toBe(false);
    expect(givesBack({ ...IDLE, stuckMs: 30_000 })).toBe(true);
  });
});

describe('turns', () => {
  const batch = (id: string, weight = 1, priority = 0, submittedMs = 0) => ({
    id,
    weight,
    priority,
    submittedMs,
  });
  type Batch = ReturnType<typeof batch>;

  function served(batches: readonly Batch[], pages: number, workOf: (id: string) => number, nowMs = 0) {
    const turns = new Turns();
    const work: Record<string, number> = Object.fromEntries(batches.map(({ id }) => [id, 0]));
    for (let page = 0; page < pages; page++) {
      const [next] = turns.order(batches, nowMs);
      turns.served(next, workOf(next.id));
      work[next.id] += workOf(next.id);
    }
    return work;
  }

  it('share work by weight, whatever the size of the pages', () => {
    const work = served([batch('a', 1), batch('b', 3)], 400, (id) => (id === 'a' ? 8 : 0.5));
    expect(work.b / work.a).toBeGreaterThan(2.5);
    expect(work.b / work.a).toBeLessThan(3.5);
  });

  it('share work within 1.5 times of the weights from twelve pages on, as two threads make in a minute', () => {
    const batches = [batch('a', 1), batch('b', 2), batch('c', 4)];
    for (let pages = 12; pages < 60; pages++) {
      const work = served(batches, pages, () => 8);
      for (const { id, weight } of batches) {
        const due = (pages * 8 * weight) / 7;
        expect(Math.max(work[id] / due, due / work[id])).toBeLessThanOrEqual(1.5);
      }
    }
    expect(served(batches, 1, () => 8)).toEqual({ a: 0, b: 0, c: 8 });
  });

  it('are of a higher priority first, until the lower one has waited for a minute a step', () => {
    const both = [batch('low'), batch('high', 1, 2)];
    expect(served(both, 10, () => 1, 0)).toEqual({ low: 0, high: 10 });
    expect(served(both, 10, () => 1, 119_000)).toEqual({ low: 0, high: 10 });
    expect(served(both, 10, () => 1, 120_000)).toEqual({ low: 5, high: 5 });
  });

  it('give no more to who had to wait for a higher priority than to others, once it has its turn', () => {
    const turns = new Turns();
    const both = [batch('low'), batch('high', 1, 1)];
    const takes = (nowMs: number) => {
      const [next] = turns.order(both, nowMs);
      turns.served(next, 1);
      return next.id;
    };
    const before = Array.from({ length: 100 }, () => takes(59_999));
    expect(new Set(before)).toEqual(new Set(['high']));
    const then = Array.from({ length: 10 }, () => takes(60_000));
    const lows = then.filter((id) => id === 'low').length;
    expect(lows).toBeGreaterThanOrEqual(5);
    expect(lows).toBeLessThanOrEqual(6);
  });

  it('give no more to who comes late, or comes back, than to others', () => {
    const turns = new Turns();
    const [old, late] = [batch('old'), batch('late', 1, 0, 5)];
    for (let page = 0; page < 100; page++) {
      turns.order([old], 0);
      turns.served(old, 1);
    }
    let first = 0;
    for (let page = 0; page < 10; page++) {
      const [next] = turns.order([old, late], 0);
      turns.served(next, 1);
      if (next === late) first++;
    }
    expect(first).toBeGreaterThanOrEqual(5);
    expect(first).toBeLessThanOrEqual(6);
  });
});

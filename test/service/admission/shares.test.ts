import { describe, expect, it } from 'vitest';
import type { Entry } from '../../../src/service/admission/entry.ts';
import { Shares } from '../../../src/service/admission/shares.ts';

const weights: Readonly<Record<string, number>> = { heavy: 4 };

function shares(mostClients = 100): Shares {
  return new Shares({ mostClients, weightOf: (client) => weights[client] ?? 1 });
}

/** What shares look at. */
function entry(client: string, costMs: number, bytes = 10, priority = 0): Entry {
  return { client, costMs, bytes, priority } as Entry;
}

describe('shares', () => {
  it('of one that nobody else wants are never too large', () => {
    const all = shares();
    all.add(entry('a', 10_000));
    all.refused('a', 0);
    expect(all.aheadMs('a', 0)).toBe(0);
  });

  it('are compared with those that were refused, by weight', () => {
    const all = shares();
    for (const name of ['a', 'heavy', 'b']) all.refused(name, 0);
    all.add(entry('a', 400));
    all.add(entry('heavy', 400));
    expect([all.aheadMs('a', 1), all.aheadMs('heavy', 1), all.aheadMs('b', 1)]).toEqual([400, 100, 0]);
    // Who was refused wants for a while, and not for ever.
    expect(all.aheadMs('a', 5_001)).toBe(0);
  });

  it('are of what work took in the end', () => {
    const all = shares();
    all.refused('b', 0);
    const one = entry('a', 100);
    all.add(one);
    all.recount(one, 300, 50);
    expect(all.aheadMs('a', 1)).toBe(300);
    expect([all.bytes, all.of('a').bytes, all.of('a').heldMs]).toEqual([50, 50, 300]);
    all.end(one, 250);
    expect(all.aheadMs('a', 1)).toBe(250);
    expect(all.of('a')).toMatchObject({ held: 0, bytes: 0, heldMs: 0 });
    expect(all.bytes).toBe(0);
  });

  it('neither save up turns nor owe any once everybody got what they wanted', () => {
    const all = shares();
    all.add(entry('a', 5_000));
    all.refused('b', 0);
    expect(all.aheadMs('a', 1)).toBe(5_000);
    expect(all.aheadMs('a', 6_000)).toBe(0);
    all.refused('new', 6_001);
    expect(all.aheadMs('a', 6_002)).toBe(0);
  });

  it('know a bounded number of clients, and forget none that has something here', () => {
    const all = shares(10);
    all.add(entry('kept', 100));
    for (let i = 0; i < 1000; i++) all.refused(`c${i}`, i);
    expect(all.clients).toBe(10);
    expect(all.of('kept').held).toBe(1);
  });

  it('remember what priority a client usually asks for', () => {
    const all = shares();
    for (let i = 0; i < 60; i++) all.add(entry('a', 1, 1, 10));
    expect(all.of('a').priority).toBeCloseTo(10, 1);
    expect(all.of('b').priority).toBe(0);
  });
});

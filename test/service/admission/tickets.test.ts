import { describe, expect, it } from 'vitest';
import { type Place, Tickets } from '../../../src/service/admission/tickets.ts';

const PLACE: Place = {
  lane: 'long',
  workMs: 100,
  bodyMs: 10,
  roomMs: 1_000,
  hurries: false,
  startInMs: 60_000,
};

function tickets() {
  let drawn = 0;
  return new Tickets({ holdMs: 5_000, mostOfClient: 2, cores: 2 }, () => (drawn++ % 1000) / 1000);
}

describe('a ticket', () => {
  it('is good from its time on, for as long as it holds, once', () => {
    const out = tickets();
    const name = out.give('a', PLACE, 2_000);
    expect(out.use(name, 'a', 1_999)).toBe(false);
    expect(out.use(name, 'a', 7_000)).toBe(true);
    expect(out.use(name, 'a', 7_000)).toBe(false);
    expect(out.use(out.give('a', PLACE, 2_000), 'a', 7_001)).toBe(false);
    expect(out.size).toBe(0);
  });

  it('is good for its client only', () => {
    const out = tickets();
    const name = out.give('a', PLACE, 0);
    expect(out.use(name, 'b', 0)).toBe(false);
    expect(out.use('another', 'a', 0)).toBe(false);
    expect(out.use(name, 'a', 0)).toBe(true);
  });

  it('is one of few for each client, and of few at all', () => {
    const out = tickets();
    out.give('a', PLACE, 0);
    out.give('a', PLACE, 0);
    expect(out.allows('a', PLACE)).toBe(false);
    expect(out.allows('b', PLACE)).toBe(true);
    // An eighth of two cores while it holds, and while it may wait.
    expect(out.allows('b', { ...PLACE, workMs: 2 * 750 - 200 })).toBe(true);
    expect(out.allows('b', { ...PLACE, workMs: 2 * 750 - 199 })).toBe(false);
    out.expire(5_001);
    expect(out.size).toBe(0);
    expect(out.allows('a', PLACE)).toBe(true);
  });

  it('for work that hurries is given to one of many that are admitted, and given back where it is not used', () => {
    const out = tickets();
    const hurries = { ...PLACE, hurries: true };
    expect(out.allows('a', hurries)).toBe(true);
    const name = out.give('a', hurries, 0);
    expect(out.allows('b', hurries)).toBe(false);
    expect(out.allows('b', PLACE)).toBe(true);
    for (let i = 0; i < 401; i++) out.admitted('short');
    expect(out.allows('b', hurries)).toBe(false);
    for (let i = 0; i < 401; i++) out.admitted('long');
    expect(out.allows('b', hurries)).toBe(true);
    out.use(name, 'a', 0);
    out.give('b', hurries, 0);
    expect(out.allows('c', hurries)).toBe(false);
    out.expire(10_000);
    expect(out.allows('c', hurries)).toBe(true);
  });

  it('counts for less the fewer are used', () => {
    const out = tickets();
    for (let i = 0; i < 100; i++) {
      out.give('a', PLACE, 0);
      out.expire(10_000);
    }
    out.give('a', PLACE, 20_000);
    const [{ workMs, startByMs, readyMs }] = out.planned(20_000);
    expect(workMs).toBeLessThan(1);
    expect(startByMs - readyMs).toBe(1_000);
  });
});

import { describe, expect, it } from 'vitest';
import { Admission } from '../../../src/service/admission/admission.ts';
import type { Asked } from '../../../src/service/admission/asked.ts';
import type { Entry } from '../../../src/service/admission/entry.ts';
import { settings } from './settings.ts';

/** 37 ms with all that is guessed at first. */
const SHORT: Asked = {
  client: 'a',
  kind: { from: 'wav', to: 'mp3', processed: false },
  bodyBytes: 400_000,
  seconds: 2,
  priority: 0,
  withinMs: 60_000,
};
/** 8 s. */
const LONG: Asked = { ...SHORT, bodyBytes: 100e6, seconds: 600 };

function admitted(admission: Admission, asked: Asked, nowMs: number): Entry {
  const answer = admission.ask(asked, nowMs);
  if (!answer.admitted) throw new Error(`refused: ${answer.why}`);
  return answer.entry;
}

function arrived(admission: Admission, asked: Asked, nowMs: number): Entry {
  const entry = admitted(admission, asked, nowMs);
  const { kind, bodyBytes, seconds } = asked;
  expect(admission.arrived(entry, { kind, bytes: bodyBytes as number, seconds }, nowMs).admitted).toBe(true);
  return entry;
}

describe('admission', () => {
  it('starts what is whole, and nothing before', () => {
    const admission = new Admission(settings(), 0);
    const entry = admitted(admission, SHORT, 0);
    expect([entry.state, entry.lane]).toEqual(['coming', 'short']);
    expect(admission.next(1)).toBe(null);
    admission.arrived(entry, { kind: SHORT.kind, bytes: 400_000, seconds: 2 }, 2);
    expect(admission.next(3)).toBe(entry);
    expect(admission.next(3)).toBe(null);
    admission.ended(entry, 'done', 33);
    expect(admission.figures(33)).toMatchObject({ running: { short: 0, long: 0 }, bytes: 0, admitted: 1 });
  });

  it('keeps no thread from others for bodies that stand still', () => {
    const admission = new Admission(settings(), 0);
    for (let i = 0; i < 100; i++) {
      const still = admitted(admission, { ...SHORT, client: `slow ${i}` }, i * 20);
      admission.came(still, 200_000, i * 20);
    }
    for (let ms = 3_000; ms < 8_000; ms += 500) {
      expect(admission.figures(ms).waitMs).toEqual({ short: 0, long: 0 });
      const quick = admitted(admission, SHORT, ms);
      admission.gone(quick);
      admission.gone(admitted(admission, { ...LONG, withinMs: 600_000 }, ms));
    }
  });

  it('leaves one thread to short work', () => {
    const admission = new Admission(settings(), 0);
    const long = [0, 1, 2].map(() => arrived(admission, LONG, 0));
    expect([admission.next(0), admission.next(0), admission.next(0)]).toEqual([long[0], long[1], null]);
    const short = arrived(admission, SHORT, 1);
    expect(admission.next(1)).toBe(short);
    admission.ended(long[0], 'failed', 10);
    expect(admission.next(10)).toBe(long[2]);
  });

  it('refuses what cannot be done by its time, and says when to come back', () => {
    const admission = new Admission(settings(), 0);
    expect(admission.ask({ ...LONG, withinMs: 1_000 }, 0)).toEqual({
      admitted: false,
      why: 'late',
      retryAfterMs: null,
      ticket: null,
    });
    for (const _ of [0, 1]) {
      arrived(admission, LONG, 0);
      admission.next(0);
    }
    const answer = admission.ask({ ...LONG, client: 'b', withinMs: 30_000 }, 0);
    expect(answer).toMatchObject({ admitted: false, why: 'late', ticket: expect.any(String) });
    if (!answer.admitted) expect((answer.retryAfterMs as number) % 1000).toBe(0);
  });

  /** Where nothing is refused for its wait. */
  const patient = { stretch: { short: 1e6, long: 1e6 } };

  it('takes no more requests and bytes than it may, and leaves some to other clients', () => {
    const admission = new Admission(settings({ ...patient, mostEntries: 4, mostBytes: 10_000 }), 0);
    const ask = (client: string, bodyBytes: number) => {
      const answer = admission.ask({ ...SHORT, client, bodyBytes, withinMs: 1e9 }, 0);
      return answer.admitted ? 'admitted' : answer.why;
    };
    expect(ask('a', 10_001)).toBe('full');
    expect(ask('a', 4_000)).toBe('admitted');
    // As much as it leaves to others.
    expect([ask('a', 3_000), ask('a', 1_000), ask('a', 1)]).toEqual(['client', 'admitted', 'client']);
    expect([ask('b', 5_001), ask('b', 1_000)]).toEqual(['full', 'admitted']);
    expect([ask('c', 1_000), ask('d', 1)]).toEqual(['admitted', 'full']);
    expect(admission.figures(0)).toMatchObject({ coming: 4, bytes: 7_000, clients: 4 });
  });

  it('learns from work that was done, and from no other', () => {
    const admission = new Admission(settings(patient), 0);
    const tell = (nowMs: number) => {
      const entry = admitted(admission, SHORT, nowMs);
      admission.gone(entry);
      return entry.workMs;
    };
    const before = tell(0);
    for (const [at, outcome] of (['failed', 'cancelled', 'done'] as const).entries()) {
      const entry = arrived(admission, SHORT, at * 10_000);
      admission.next(at * 10_000);
      admission.ended(entry, outcome, at * 10_000 + 5_000);
      if (outcome === 'done') expect(tell(50_000)).toBeGreaterThan(before * 1.5);
      else expect(tell(at * 10_000 + 5_000)).toBe(before);
    }
    expect(admission.figures(50_000).predictions.told).toBe(1);
  });

  it('starts what has more priority than its client usually asks for before what came a little sooner', () => {
    const admission = new Admission(settings({ ...patient, cores: 1 }), 0);
    const running = [arrived(admission, SHORT, 0), arrived(admission, SHORT, 0)];
    expect([admission.next(0), admission.next(0)]).toEqual(running);
    const waiting = [0, 0, 5].map((priority) => arrived(admission, { ...SHORT, priority }, 1));
    const late = arrived(admission, { ...SHORT, priority: 10 }, 60_000);
    const order = [0, 1, 2, 3].map(() => {
      admission.ended(running.shift() as Entry, 'done', 60_000);
      const next = admission.next(60_000) as Entry;
      running.push(next);
      return next;
    });
    expect(order.map((entry) => [...waiting, late].indexOf(entry))).toEqual([2, 0, 1, 3]);
  });
});

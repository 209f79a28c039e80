import { expect, it, vi } from 'vitest';
import { Admission } from '../../src/service/admission/admission.ts';
import type { Answer } from '../../src/service/admission/asked.ts';
import { SharedTurn } from '../../src/service/shared-turn.ts';
import { type Place, Turns } from '../../src/service/turns.ts';
import { nowMs } from '../../src/timers.ts';
import { settings } from './admission/settings.ts';

const kind = { to: 'flac', processed: false, from: 'wav' };
const done = { workMs: 1 };

function world() {
  const admission = new Admission(settings({ cores: 1 }), nowMs());
  const turns = new Turns(admission, () => 0);
  const place = (withinMs: number, seconds = 600): Place => {
    const asked = { client: `${withinMs}`, kind, bodyBytes: 1000, seconds, priority: 0, withinMs };
    const place = turns.ask(asked);
    place.arrived({ kind, bytes: 1000, seconds });
    return place;
  };
  /** Nobody else gets a thread until it is disposed of. */
  const taken = async (): Promise<Place[]> => {
    const all = [place(1e6), place(1e6, 1)];
    await Promise.all(all.map((one) => one.turn(new AbortController().signal)));
    return all;
  };
  const given = vi.spyOn(admission, 'ask');
  /** Of the last `of` that were asked for `count` are too late, one after the other. */
  const late = (of: number, count = of): void => {
    const answers = given.mock.results.slice(-of).map(({ value }) => value as Answer);
    for (const answer of answers.slice(0, count)) {
      if (!answer.admitted) continue;
      const refused = { admitted: false, why: 'late', retryAfterMs: 1000, ticket: null } as const;
      vi.spyOn(admission, 'late').mockReturnValueOnce([{ entry: answer.entry, refused }]);
      // That makes it look.
      place(1e6, 0.1)[Symbol.dispose]();
    }
  };
  return { admission, turns, place, taken, late };
}

const figures = ({ admission }: ReturnType<typeof world>) => {
  const { waiting, running, coming } = admission.figures(nowMs());
  return { waiting, coming, running: running.short + running.long };
};

it('goes on at the place of another where the first one cannot be in time any more', async () => {
  const here = world();
  const others = await here.taken();
  const turn = new SharedTurn();
  const begun: string[] = [];
  const made = turn.take(new AbortController().signal, async () => {
    begun.push('begun');
    return done;
  });
  turn.add(here.place(9e5, 0.1), nowMs() + 9e5);
  turn.add(here.place(1e6, 0.1), nowMs() + 1e6);
  here.late(2, 1);
  await expect.poll(() => figures(here).waiting).toBe(1);
  expect(begun).toEqual([]);
  for (const other of others) other[Symbol.dispose]();
  expect(await made).toBe(done);
  expect(begun).toEqual(['begun']);
  expect(figures(here)).toEqual({ waiting: 0, coming: 0, running: 0 });
});

it('is refused where the last place cannot be in time any more', async () => {
  const here = world();
  const others = await here.taken();
  const turn = new SharedTurn();
  const made = turn.take(new AbortController().signal, async () => done);
  for (const withinMs of [9e5, 1e6]) turn.add(here.place(withinMs, 0.1), nowMs() + withinMs);
  here.late(2);
  await expect(made).rejects.toMatchObject({ code: 'ERR_TOO_LATE' });
  for (const other of others) other[Symbol.dispose]();
  expect(figures(here)).toEqual({ waiting: 0, coming: 0, running: 0 });
});

it('keeps two places of many, and none once it has begun', async () => {
  const here = world();
  const others = await here.taken();
  const turn = new SharedTurn();
  const ended = Promise.withResolvers<typeof done>();
  for (const withinMs of [5e5, 4e5, 6e5, 3e5]) turn.add(here.place(withinMs, 0.1), nowMs() + withinMs);
  const made = turn.take(new AbortController().signal, () => ended.promise);
  expect(figures(here).waiting).toBe(2);
  for (const other of others) other[Symbol.dispose]();
  await expect.poll(() => figures(here)).toEqual({ waiting: 0, coming: 0, running: 1 });
  turn.add(here.place(1e6, 0.1), nowMs() + 1e6);
  expect(figures(here)).toEqual({ waiting: 0, coming: 0, running: 1 });
  ended.resolve(done);
  await made;
  expect(figures(here).running).toBe(0);
});

it('gives all places back when nobody waits any more', async () => {
  const here = world();
  const others = await here.taken();
  const turn = new SharedTurn();
  const cancel = new AbortController();
  const made = turn.take(cancel.signal, async () => done);
  for (const withinMs of [5e5, 6e5]) turn.add(here.place(withinMs, 0.1), nowMs() + withinMs);
  cancel.abort(new Error('nobody waits'));
  await expect(made).rejects.toThrow('nobody waits');
  for (const other of others) other[Symbol.dispose]();
  expect(figures(here)).toEqual({ waiting: 0, coming: 0, running: 0 });
});

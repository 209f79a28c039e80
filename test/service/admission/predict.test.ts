/**
 * The run through what is here beside a plain model of it: time goes on step by step, and the first starts.
 */
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { type Lane, type Planned, RunThrough } from '../../../src/service/admission/predict.ts';

interface Running {
  readonly lane: Lane;
  readonly untilMs: number;
}

function model(
  running: readonly Running[],
  planned: readonly Planned[],
  cores: number,
): Map<Planned, number> {
  const [open, busy, starts] = [[...planned], [...running], new Map<Planned, number>()];
  for (let nowMs = 0; open.length > 0; nowMs++) {
    const here = () => busy.filter(({ untilMs }) => untilMs > nowMs);
    for (;;) {
      const long = here().filter(({ lane }) => lane === 'long').length;
      const able = open.filter(({ lane, readyMs }) => readyMs <= nowMs && (lane === 'short' || long < cores));
      if (here().length > cores || able.length === 0) break;
      const first = able.reduce((best, other) => (other.key < best.key ? other : best));
      open.splice(open.indexOf(first), 1);
      starts.set(first, nowMs);
      busy.push({ lane: first.lane, untilMs: nowMs + first.workMs });
    }
  }
  return starts;
}

const lane = fc.constantFrom<Lane>('short', 'long');
const works = fc.array(fc.tuple(lane, fc.nat(20), fc.integer({ min: 1, max: 12 })), { maxLength: 14 });

it('starts each piece of work when it would start', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 4 }),
      fc.array(fc.tuple(lane, fc.integer({ min: 1, max: 15 })), { maxLength: 5 }),
      works,
      fc.infiniteStream(fc.integer({ min: 0, max: 1e6 })),
      (cores, runs, given, keys) => {
        const running: Running[] = [];
        for (const [of, untilMs] of runs) {
          const long = running.filter((other) => other.lane === 'long').length;
          if (running.length <= cores && (of === 'short' || long < cores))
            running.push({ lane: of, untilMs });
        }
        const used = new Set<number>();
        const planned = given.map(([of, readyMs, workMs]): Planned => {
          let key = keys.next().value as number;
          while (used.has(key)) key++;
          used.add(key);
          return { lane: of, readyMs, workMs, key, startByMs: 0 };
        });
        planned.sort((a, b) => a.readyMs - b.readyMs);
        const run = new RunThrough(cores + 1, cores);
        run.begin(0);
        for (const { lane: of, untilMs } of running) run.runs(of, untilMs);
        const starts = new Map<Planned, number>();
        run.go(planned, 1, (work, startMs) => {
          starts.set(work, startMs);
          return false;
        });
        const expected = model(running, planned, cores);
        expect(planned.map((work) => starts.get(work))).toEqual(planned.map((work) => expected.get(work)));
      },
    ),
    { numRuns: 500 },
  );
});

it('ends when it is told to', () => {
  const run = new RunThrough(3, 2);
  run.begin(0);
  const work = { lane: 'short', key: 0, readyMs: 0, startByMs: 0, workMs: 5 } as const;
  let started = 0;
  run.go([work, { ...work }, { ...work }], 1, () => ++started === 2);
  expect(started).toBe(2);
});

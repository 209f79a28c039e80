import { describe, expect, it } from 'vitest';
import { simulate } from './random-runs.ts';

const ROUNDS = 120;
const run = { seed: 1, rounds: ROUNDS, spans: 60, figures: 15 };

describe('runs that do not differ', () => {
  it.each(
    (['even', 'heavy', 'ties'] as const).flatMap((shape) =>
      [0, 0.5, 0.8].map((memory) => ({ shape, memory })),
    ),
  )('are found to in at most 5 of 100 comparisons ($shape, memory $memory)', ({ shape, memory }) => {
    expect(simulate({ ...run, shape, memory, ratio: 1 }).any).toBeLessThanOrEqual(0.05);
  });

  it('are found to in at most 5 of 100 with the fewest spans there may be', () => {
    const outcome = simulate({ ...run, spans: 10, shape: 'ties', memory: 0.8, ratio: 1 });
    expect(outcome.any).toBeLessThanOrEqual(0.05);
  });
});

it('a run that is 20 % slower is found out by most of its figures in 60 spans, and by all in 240', () => {
  expect(simulate({ ...run, rounds: 20, shape: 'even', memory: 0, ratio: 1.2 }).worse).toBeGreaterThan(0.9);
  const long = simulate({ ...run, rounds: 5, spans: 240, shape: 'even', memory: 0.3, ratio: 1.2 });
  expect(long.worse).toBe(1);
});

it('a difference under 3 % is noise, however sure it is', () => {
  const sure = { ...run, rounds: 3, spans: 3000, figures: 3, shape: 'even', memory: 0 } as const;
  expect(simulate({ ...sure, ratio: 1.02 }).any).toBe(0);
  expect(simulate({ ...sure, ratio: 1.06 }).worse).toBe(1);
});

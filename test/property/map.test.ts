/** `map` with any source, limits, order of ends, errors, full queues, breaks and aborts. */
import fc from 'fast-check';
import { describe, it } from 'vitest';
import { type Action, type Case, World } from './map-world.ts';

const cases: fc.Arbitrary<Case> = fc.record({
  concurrency: fc.integer({ min: 1, max: 5 }),
  unread: fc.integer({ min: 0, max: 4 }),
  ordered: fc.boolean(),
  errors: fc.constantFrom('first', 'all'),
  length: fc.integer({ min: 0, max: 20 }),
  throws: fc.boolean(),
  async: fc.boolean(),
  leases: fc.boolean(),
  places: fc.constantFrom(1, 2, 4, 100),
});

const action = (rare: fc.Arbitrary<Action>[]): fc.Arbitrary<Action> =>
  fc.oneof(
    { weight: 8, arbitrary: fc.constant<Action>({ do: 'read' }) },
    { weight: 5, arbitrary: fc.constant<Action>({ do: 'give' }) },
    { weight: 2, arbitrary: fc.constant<Action>({ do: 'wait' }) },
    {
      weight: 10,
      arbitrary: fc.record({
        do: fc.constant('end' as const),
        which: fc.nat({ max: 9 }),
        ok: fc.oneof({ weight: 9, arbitrary: fc.constant(true) }, fc.constant(false)),
        quick: fc.boolean(),
      }),
    },
    { weight: 2, arbitrary: fc.record({ do: fc.constant('others' as const), tasks: fc.nat({ max: 4 }) }) },
    ...rare.map((arbitrary) => ({ weight: 1, arbitrary })),
  );

describe('map', () => {
  const rare = [fc.constant<Action>({ do: 'break' }), fc.constant<Action>({ do: 'abort' })];

  it('runs all inputs, keeps its limits and never stands still', async () => {
    await fc.assert(
      fc.asyncProperty(cases, fc.array(action([]), { maxLength: 80 }), (given, actions) =>
        new World(given).play(actions),
      ),
      { numRuns: 400 },
    );
  });

  it('ends by a break or a signal at any moment, and loses no lease', async () => {
    await fc.assert(
      fc.asyncProperty(cases, fc.array(action(rare), { maxLength: 60 }), (given, actions) =>
        new World(given).play(actions),
      ),
      { numRuns: 400 },
    );
  });
});

/** Who is blamed for deaths of processes, in any world of tasks and deaths; and that wrong rules are seen. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Death, Trials, type Verdict } from '../../src/isolation/trials.ts';
import { type Nature, type Outcome, play, type Rules, type World } from './trials-world.ts';

const natures = fc.array(
  fc.oneof(
    { weight: 6, arbitrary: fc.constant<Nature>('good') },
    { weight: 1, arbitrary: fc.constantFrom<Nature>('crashes', 'hangs', 'bloats') },
  ),
  { minLength: 1, maxLength: 30 },
);

const worlds = fc.record({
  natures,
  processes: fc.integer({ min: 1, max: 3 }),
  threads: fc.integer({ min: 1, max: 4 }),
  killsOneIn: fc.constantFrom(0, 0, 200, 1000),
  seed: fc.integer(),
});

type Parts = Omit<World, 'random'> & { readonly seed: number };

function randomFrom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

const outcomesOf = ({ seed, ...world }: Parts, rules: Rules): Outcome[] =>
  play({ ...world, random: randomFrom(seed) }, rules);

const ENDS: Readonly<Record<Nature, readonly Outcome['end'][]>> = {
  good: ['done'],
  crashes: ['crash'],
  hangs: ['hang'],
  bloats: ['lost'],
};

function check(parts: Parts, rules: Rules): void {
  for (const { nature, end, deaths } of outcomesOf(parts, rules)) {
    // Who is killed from outside again and again may be lost, whatever it is.
    if (parts.killsOneIn > 0 && end === 'lost') continue;
    expect([nature, ENDS[nature].includes(end), end]).toEqual([nature, true, end]);
    if (end === 'crash' || end === 'hang') expect(deaths).toBeGreaterThanOrEqual(2);
  }
}

/** Changes what the rules are told, or what they say. */
function changed(change: (rules: Trials, ...of: Parameters<Trials['died']>) => Map<number, Verdict>): Rules {
  const rules = new Trials();
  return { died: (...of) => change(rules, ...of), ended: (task) => rules.ended(task) };
}

const WRONG: Readonly<Record<string, () => Rules>> = {
  'all that were given are suspects': () =>
    changed((rules, death, given) => rules.died(death, given, new Set(given))),
  'who is killed from outside is a suspect': () =>
    changed((rules, death, given, begun) =>
      rules.died(death.by === 'kill' ? { by: 'crash' } : death, given, begun),
    ),
  'the first death names': () =>
    changed((rules, death, given, begun) => {
      const verdicts = rules.died(death, given, begun);
      return new Map(
        Array.from(verdicts, ([task, verdict]) => [task, verdict === 'alone' ? 'crash' : verdict]),
      );
    }),
  'nobody is tried alone': () =>
    changed((rules, death, given, begun) => {
      const verdicts = rules.died(death, given, begun);
      return new Map(
        Array.from(verdicts, ([task, verdict]) => [task, verdict === 'alone' ? 'again' : verdict]),
      );
    }),
  'whoever is beside a task that hangs is a suspect': () =>
    changed((rules, death: Death, given, begun) =>
      rules.died(death.by === 'hang' ? { by: 'silence' } : death, given, begun),
    ),
  'nobody is ever lost': () =>
    changed((rules, death, given, begun) => {
      const verdicts = rules.died(death, given, begun);
      return new Map(
        Array.from(verdicts, ([task, verdict]) => [task, verdict === 'lost' ? 'again' : verdict]),
      );
    }),
};

describe('the trials of tasks whose process died', () => {
  it('name who crashes or hangs, after two deaths, and nobody else, and end', () => {
    fc.assert(
      fc.property(worlds, (parts) => check(parts, new Trials())),
      { numRuns: 500 },
    );
  });

  it('forget a task that is over', () => {
    fc.assert(
      fc.property(worlds, (parts) => {
        const rules = new Trials();
        outcomesOf(parts, rules);
        expect(rules.size).toBe(0);
      }),
    );
  });

  it.each(Object.keys(WRONG))('are told from rules by which %s', (name) => {
    const found = fc.check(
      fc.property(worlds, (parts) => check(parts, WRONG[name]())),
      { numRuns: 2000, endOnFailure: true },
    );
    expect(found.failed).toBe(true);
  });
});

import { describe, expect, it } from 'vitest';
import { CASES } from './cases.ts';
import { MUTANTS } from './mutants.ts';
import { PROTOCOL } from './protocol.ts';
import { type Outcome, search } from './search.ts';

const outcomes: Outcome[] = [];

describe('on every interleaving, no budget is overshot and no charge is lost, with', () => {
  it.each(CASES.map((given) => [given.name, given] as const))('%s', (name, given) => {
    const outcome = search(given, PROTOCOL);
    outcomes.push(outcome);
    const { states, transitions, ends, broken } = outcome;
    console.log(`${name}: ${states} states, ${transitions} transitions, ${ends} ends`);
    expect(broken).toBeNull();
    expect(states).toBeGreaterThanOrEqual(given.least);
  });

  it('each kind of thing having happened', () => {
    const happened = new Set(outcomes.flatMap(({ done }) => [...done.keys()]));
    expect([...happened].sort()).toEqual(
      expect.arrayContaining([
        'claims a row: 1',
        'could not post and moves the charge back from',
        'frees',
        'frees the row of',
        'frees what it kept',
        'lends to',
        'moves the charge to',
        'opens its mailbox',
        'posts to',
        'receives from',
        'reserves: false',
        'reserves: true',
        'reserves for longer: false',
        'reserves for longer: true',
        'returns the loan of',
        'sends',
        'un-charges the loans of',
        // A reservation of 3 under way that died with its thread, over the 2 that it held.
        'zeroes the row of: 5',
      ]),
    );
  });
});

describe('the enumeration finds what is wrong when', () => {
  it.each(MUTANTS)('%s', (_what, protocol, name, invariant) => {
    const given = CASES.find((one) => one.name === name);
    if (given === undefined) throw new Error(`There is no case '${name}'.`);
    const { broken } = search(given, protocol);
    expect(broken?.invariant, broken?.steps.join('\n')).toBe(invariant);
    expect(broken?.steps.length).toBeGreaterThan(0);
  });

  it('and tells the steps that lead there', () => {
    const [, protocol, name] = MUTANTS.find(
      ([what]) => what === 'a loan is un-charged when the run rejects',
    )!;
    const { broken } = search(CASES.find((one) => one.name === name)!, protocol);
    expect(broken?.steps).toEqual([
      'the coordinator lends to worker 1 2 KiB',
      'worker 1 is stopped',
      'the coordinator hears of the failed task of worker 1',
      'the coordinator un-charges the loans of worker 1: adds -2 to row 0, which was 2',
    ]);
  });
});

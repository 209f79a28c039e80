import { describe, expect, it } from 'vitest';
import { type Ask, Asks } from '../../src/coordinator/asks.ts';

const KINDS = ['want', 'trim', 'clear', 'quota'] as const;
const ask = (donor: number, kind: Ask['kind'], tier: number): Ask => ({ donor, to: 0, kind, tier, count: 1 });

/** One of every kind and tier, over direct ones too, for each of three donors. */
const every = [1, 2, 3].flatMap((donor) =>
  KINDS.flatMap((kind) => [0, 1, 2, 3].map((tier) => ask(donor, kind, tier))),
);

describe('asks', () => {
  it('of a donor are open once for each kind and tier, until they are taken', () => {
    const asks = new Asks();
    const tickets = every.map((one) => asks.open(one));
    expect(new Set(tickets).size).toBe(every.length);
    expect(Math.min(...tickets)).toBe(1);
    expect(every.map((one) => asks.open(one))).toEqual(every.map(() => 0));
    expect(tickets.map((ticket) => asks.take(ticket))).toEqual(every);
    expect(tickets.map((ticket) => asks.take(ticket))).toEqual(every.map(() => undefined));
    expect(asks.open(every[0])).toBeGreaterThan(Math.max(...tickets));
  });

  it.each(
    every,
  )('are pending for donor $donor, $kind and tier $tier alone, or for any tier of these', (one) => {
    const asks = new Asks();
    const ticket = asks.open(one);
    expect(every.filter(({ donor, kind, tier }) => asks.pending(donor, kind, tier))).toEqual([one]);
    const ofAnyTier = every.filter(({ donor, kind }) => asks.pending(donor, kind));
    expect(ofAnyTier).toEqual(every.filter(({ donor, kind }) => donor === one.donor && kind === one.kind));
    asks.take(ticket);
    expect(every.some(({ donor, kind }) => asks.pending(donor, kind))).toBe(false);
  });

  it('of the dead are over, those of others are not', () => {
    const asks = new Asks();
    const tickets = every.map((one) => asks.open(one));
    expect(asks.bury(2)).toEqual(every.filter(({ donor }) => donor === 2));
    expect(asks.bury(2)).toEqual([]);
    const left = every.filter(({ donor }) => donor !== 2);
    expect(tickets.map((ticket) => asks.take(ticket)).filter((one) => one !== undefined)).toEqual(left);
  });
});

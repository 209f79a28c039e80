import { describe, expect, it } from 'vitest';
import { resolveQueueOptions } from '../../src/runtime/queue-options.ts';

const NO_LIMITS = { weight: 1, maxQueued: Infinity, maxRunning: Infinity, maxKib: Infinity };

describe('options of the queue', () => {
  it('have defaults without limits', () => {
    const { maxQueue, ageingMs, named, rulesOf } = resolveQueueOptions({});
    expect([maxQueue, ageingMs, named]).toEqual([Infinity, 10_000, []]);
    expect([rulesOf(''), rulesOf('any')]).toEqual([NO_LIMITS, NO_LIMITS]);
  });

  it('are those of a tenant by its name, of all others, and none for tasks that name none', () => {
    const named = { gold: { weight: 4 }, constructor: { maxRunning: 2 } };
    const { rulesOf } = resolveQueueOptions({ tenants: { named, others: { maxBytes: 2048 } } });
    expect(rulesOf('gold')).toEqual({ ...NO_LIMITS, weight: 4 });
    expect(rulesOf('constructor')).toEqual({ ...NO_LIMITS, maxRunning: 2 });
    expect(rulesOf('toString')).toEqual({ ...NO_LIMITS, maxKib: 2 });
    expect(rulesOf('')).toEqual(NO_LIMITS);
  });

  it.each([
    [{ maxQueue: -1 }, /^maxQueue is a whole number, 0 or more, or Infinity; got -1\. /],
    [{ maxQueue: 1.5 }, /^maxQueue is a whole number/],
    [{ maxQueue: '1' }, /^maxQueue is a whole number/],
    [{ maxQueue: Number.NaN }, /^maxQueue is a whole number/],
    [{ ageingMs: Infinity }, /^ageingMs is a number, 0 to 86400000; got Infinity\. /],
    [{ tenants: 7 }, /^tenants is an object, got 7\. /],
    [{ tenants: { gold: {} } }, /^tenants has no option 'gold'\. It has named, others\./],
    [{ tenants: { named: [] } }, /^tenants\.named is an object/],
    [{ tenants: { named: { a: { weigth: 1 } } } }, /^tenants\.named\.a has no option 'weigth'\. /],
    [
      { tenants: { named: { a: { weight: 0 } } } },
      /^tenants\.named\.a\.weight is a number, 0\.001 to 1000; got 0\. /,
    ],
    [{ tenants: { others: { maxRunning: 0 } } }, /^tenants\.others\.maxRunning is a whole number, 1 or more/],
    [{ tenants: { others: { maxQueued: 0.5 } } }, /^tenants\.others\.maxQueued is a whole number, 0 or more/],
    [
      { tenants: { named: { '': {} } } },
      /^tenants\.named has 100 names at most, none of them empty; it has 1\. /,
    ],
  ])('are not %o', (options, message) => {
    expect(() => resolveQueueOptions(options as never)).toThrow(
      expect.objectContaining({ code: 'ERR_INVALID_ARGUMENT', message: expect.stringMatching(message) }),
    );
  });

  it('name 100 tenants at most', () => {
    const named = (count: number) =>
      Object.fromEntries(Array.from({ length: count }, (_, at) => [`t${at}`, {}]));
    resolveQueueOptions({ tenants: { named: named(100) } });
    expect(() => resolveQueueOptions({ tenants: { named: named(101) } })).toThrow(/it has 101\./);
  });
});

import { describe, expect, it } from 'vitest';
import { Ledger } from '../../src/budget/ledger.ts';
import { KiB, MiB } from '../../src/bytes.ts';
import { DEFAULT_TIERS } from '../../src/pool/tiers.ts';
import { Admission, needKib } from '../../src/regulation/admission.ts';

describe('a declared need', () => {
  it.each([
    ['nothing', undefined, 0],
    ['bytes', 1000, 1],
    ['whole bytes', 3 * MiB, 3 * 1024],
    ['lengths, which count by their tiers', [100, 5000, 70_000], 4 + 64 + 1024],
    ['a length over the largest tier', [MiB + 1], 1025],
    ['no lengths', [], 0],
  ])('of %s', (_what, need, kib) => {
    expect(needKib(need, DEFAULT_TIERS, 8 * MiB)).toBe(kib);
  });

  it.each([[-1], [0.5], [Number.NaN], ['1'], [[1, -1]]])('is not %s', (need) => {
    expect(() => needKib(need as never, DEFAULT_TIERS, MiB)).toThrow(
      expect.objectContaining({ code: 'ERR_INVALID_ARGUMENT' }),
    );
  });

  it('fits the budget beside what the input brings', () => {
    expect(needKib(3 * MiB, DEFAULT_TIERS, 4 * MiB, MiB)).toBe(3 * 1024);
    expect(() => needKib(3 * MiB, DEFAULT_TIERS, 4 * MiB, MiB + 1)).toThrow(
      /3 MiB were declared beside the 1 MiB/,
    );
  });

  it('fits the budget, or is refused at once', () => {
    expect(() => needKib([MiB, MiB], DEFAULT_TIERS, MiB)).toThrow(
      expect.objectContaining({ code: 'ERR_REQUEST_TOO_LARGE' }),
    );
  });
});

describe('admission', () => {
  function start(limitKib: number, charged: number[], idle: number[]) {
    const ledger = Ledger.create(charged.length, limitKib * KiB);
    for (const [row, kib] of charged.entries()) {
      ledger.claim(row);
      ledger.reserve(row, kib);
    }
    const clock = { ms: 0 };
    const holdings = { taken: () => true, idleKib: (row: number) => idle[row] };
    return { admission: new Admission(ledger, holdings, 1000, () => clock.ms), clock, ledger };
  }

  it('keeps what a request waits for whose turn it is, unless the task that waits declared it', () => {
    const { admission, ledger } = start(100, [0, 20, 0], [0, 0, 0]);
    ledger.header.raiseHunger(60);
    const admits = (): boolean[] => [20, 21, 80].map((need) => admission.admits(need));
    ledger.row(2).starve(60, 3);
    expect(admits()).toEqual([true, true, true]);
    ledger.row(2).starve(60, 3, 1);
    expect([...admits(), admission.admits(0)]).toEqual([true, false, false, true]);
    admission.enter(2, 70);
    expect([10, 11].map((need) => admission.admits(need))).toEqual([true, false]);
    // It waits for what the main thread holds, which may be the input of the next task.
    admission.leave(2);
    ledger.reserve(0, 50);
    expect([30, 31].map((need) => admission.admits(need))).toEqual([true, false]);
  });

  it.each([
    { what: 'an empty runtime', charged: [0, 0, 0], idle: [0, 0, 0], running: [], need: 100, admitted: true },
    { what: 'idle memory', charged: [40, 60, 0], idle: [40, 60, 0], running: [], need: 100, admitted: true },
    { what: 'leases on main', charged: [1, 0, 0], idle: [0, 0, 0], running: [], need: 100, admitted: false },
    {
      what: 'a running need',
      charged: [0, 0, 0],
      idle: [0, 0, 0],
      running: [[1, 60]],
      need: 41,
      admitted: false,
    },
    {
      what: 'the rest beside it',
      charged: [0, 0, 0],
      idle: [0, 0, 0],
      running: [[1, 60]],
      need: 40,
      admitted: true,
    },
    {
      what: 'a need that is held',
      charged: [0, 60, 0],
      idle: [0, 0, 0],
      running: [[1, 60]],
      need: 40,
      admitted: true,
    },
    {
      what: 'more than was declared',
      charged: [0, 70, 0],
      idle: [0, 0, 0],
      running: [[1, 60]],
      need: 40,
      admitted: false,
    },
    {
      what: 'what nobody declared',
      charged: [0, 70, 0],
      idle: [0, 0, 0],
      running: [[1, 0]],
      need: 40,
      admitted: false,
    },
    {
      what: 'no need at all',
      charged: [100, 0, 0],
      idle: [0, 0, 0],
      running: [[1, 0]],
      need: 0,
      admitted: true,
    },
  ])('beside $what', ({ charged, idle, running, need, admitted }) => {
    const { admission } = start(100, charged, idle);
    for (const [row, kib] of running) admission.enter(row, kib);
    expect(admission.admits(need)).toBe(admitted);
    for (const [row] of running) admission.leave(row);
  });

  it('says when idle memory of shards that work is all that is in the way', () => {
    const { admission } = start(100, [0, 70, 0], [0, 50, 0]);
    admission.enter(1, 0);
    expect([admission.admits(40), admission.clearable(40), admission.clearable(81)]).toEqual([
      false,
      true,
      false,
    ]);
    admission.hold(true);
    expect(admission.clearable(40)).toBe(false);
  });

  it('holds all but one task while it is told to', () => {
    const { admission } = start(100, [0, 0, 0], [0, 0, 0]);
    admission.hold(true);
    expect(admission.admits(0)).toBe(true);
    admission.enter(1, 0);
    expect(admission.admits(0)).toBe(false);
    admission.leave(1);
    expect(admission.admits(0)).toBe(true);
    admission.enter(1, 0);
    admission.hold(false);
    expect(admission.admits(0)).toBe(true);
  });

  it('gives up on a task only after nothing ran for a while that could bring memory back', () => {
    const { admission, clock } = start(100, [90, 0, 0], [0, 0, 0]);
    clock.ms = 999;
    expect(admission.refusal(0, 20, 'large')).toBeNull();
    admission.enter(1, 0);
    clock.ms = 5000;
    expect(admission.refusal(0, 20, 'large')).toBeNull();
    admission.leave(1);
    clock.ms = 5999;
    expect(admission.refusal(0, 20, 'large')).toBeNull();
    clock.ms = 6000;
    const error = admission.refusal(0, 20, 'large');
    expect(error).toMatchObject({ code: 'ERR_BUDGET_EXHAUSTED' });
    expect(error?.message).toContain("'large' needs 20 KiB while 90 KiB of 100 KiB");
    // Each has its own time from its acceptance on; those of before are through at once.
    expect(admission.refusal(5500, 20, 'later')).toBeNull();
    expect(admission.refusal(10, 20, 'as old')).not.toBeNull();
  });
});

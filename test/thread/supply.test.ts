import { createHook } from 'node:async_hooks';
import { describe, expect, it } from 'vitest';
import { Ledger } from '../../src/budget/ledger.ts';
import { MiB } from '../../src/bytes.ts';
import { ThreadSupply } from '../../src/thread/supply.ts';

const ROW = 1;

function start() {
  const ledger = Ledger.create(2, MiB);
  const around = { cancelled: false, othersHold: false, read: 0, message: () => {} };
  const supply = new ThreadSupply(ledger, ROW, {
    canBlock: true,
    safepoint: () => {
      around.read++;
      around.message();
    },
    returnLoan: () => {},
    goesBack: () => false,
    currentTask: () => 0,
    currentCancelled: () => around.cancelled,
    othersHold: () => around.othersHold,
  });
  return {
    ledger,
    supply,
    around,
  };
}

describe('what a thread lacks', () => {
  it('is the largest need of its requests, until each of them is over; the hunger of all only rises here', () => {
    const { supply, ledger } = start();
    const own = ledger.row(ROW);
    const needs = [
      { kib: 64, tier: 1 },
      { kib: 1024, tier: 2 },
      { kib: 4, tier: 0 },
    ];
    const seen = () => [
      own.starvingKib,
      own.starvingTier,
      ledger.header.hungerKib,
      ledger.header.starvedWord,
    ];
    const shown: number[][] = [];
    for (const need of needs) {
      supply.starve(need);
      shown.push(seen());
    }
    // Told anew by a request that still waits.
    supply.starve(needs[1]);
    shown.push(seen());
    for (const need of [needs[1], needs[2], needs[0]]) {
      supply.fed(need);
      shown.push(seen());
    }
    expect(shown).toEqual([
      [64, 1, 64, 1],
      [1024, 2, 1024, 2],
      [1024, 2, 1024, 3],
      [1024, 2, 1024, 4],
      [64, 1, 1024, 5],
      [64, 1, 1024, 6],
      [0, 0, 1024, 7],
    ]);
  });
});

describe('turns', () => {
  it('show what has the earliest of this thread, however large the others are, and wake all when one is over', () => {
    const { supply, ledger } = start();
    const row = ledger.row(ROW);
    const [large, late, first] = [
      { kib: 900, tier: 2 },
      { kib: 8, tier: 0, turn: 3 },
      { kib: 4, tier: 1, turn: 2 },
    ];
    const shown = () => [row.turn, row.starvingKib, row.starvingTier];
    const seen: number[][] = [];
    for (const need of [large, late, first]) {
      supply.starve(need);
      seen.push(shown());
    }
    const owed = [large, late, first, null].map((need) => supply.owedKib(need));
    for (const need of [first, late, large]) {
      const before = supply.wakeWord();
      supply.fed(need);
      seen.push([...shown(), supply.wakeWord() - before]);
    }
    expect(seen).toEqual([
      [0, 900, 2],
      [3, 8, 0],
      [2, 4, 1],
      [3, 8, 0, 1],
      [0, 900, 2, 1],
      [0, 0, 0, 0],
    ]);
    expect(owed).toEqual([4, 4, 0, 4]);
  });

  it('of others come before later ones of this thread, and concern no task that declared or holds up memory', () => {
    const { supply, ledger, around } = start();
    supply.starve({ kib: 8, tier: 0, turn: 2 });
    expect(supply.owedKib(null)).toBe(8);
    ledger.row(0).starve(100, 3, 1);
    expect(supply.owedKib(null)).toBe(100);
    ledger.row(0).starve(100, 3, 3);
    expect(supply.owedKib(null)).toBe(8);
    around.othersHold = true;
    expect(supply.owedKib(null)).toBe(0);
    around.othersHold = false;
    ledger.row(ROW).declared = true;
    expect(supply.owedKib(null)).toBe(0);
  });
});

describe('a thread', () => {
  it('reads its messages when the word of cancels has changed, once, and believes them', () => {
    const { supply, around, ledger } = start();
    const heard = () => [supply.cancelled(), around.read];
    expect(heard()).toEqual([false, 0]);
    around.message = () => {};
    ledger.row(ROW).countCancel();
    expect(heard()).toEqual([false, 1]);
    expect(heard()).toEqual([false, 1]);
    around.message = () => {
      around.cancelled = true;
    };
    ledger.row(ROW).countCancel();
    expect(heard()).toEqual([true, 2]);
    expect(heard()).toEqual([true, 2]);
  });

  it('is under critical memory unless its task declared its need', () => {
    const { supply, ledger } = start();
    const seen = [];
    for (const [critical, declared] of [
      [false, false],
      [true, false],
      [true, true],
      [false, true],
    ]) {
      ledger.header.critical = critical;
      ledger.row(ROW).declared = declared;
      seen.push(supply.critical);
    }
    expect(seen).toEqual([false, true, false, false]);
  });
});

describe('waiting without blocking', () => {
  /** Calls it, and whether the timers that it sets at once are still to go off; the runner has its own. */
  function watched(wait: () => Promise<void>): { waiting: Promise<void>; lasting(): boolean[] } {
    const timers: { _destroyed: boolean }[] = [];
    const hook = createHook({
      init: (_id, type, _trigger, resource) => {
        if (type === 'Timeout') timers.push(resource as never);
      },
    }).enable();
    const waiting = wait();
    hook.disable();
    return { waiting, lasting: () => timers.map(({ _destroyed }) => !_destroyed) };
  }
  /** Longer than any test may take: an end comes from elsewhere. */
  const LONG_MS = 3_600_000;

  it('is over at once where the word has changed before', async () => {
    const { supply, ledger } = start();
    const seen = supply.wakeWord();
    ledger.wake();
    await supply.waitAsync(seen, LONG_MS, undefined);
  });

  it.each([
    ['a signal', () => new AbortController().signal],
    ['none', () => undefined],
  ])('ends with the next event, with %s, and leaves no timer behind', async (_with, signalOf) => {
    const { supply, ledger } = start();
    const { waiting, lasting } = watched(() => supply.waitAsync(supply.wakeWord(), LONG_MS, signalOf()));
    expect(lasting()).toEqual([true]);
    ledger.wake();
    await waiting;
    expect(lasting()).toEqual([false]);
  });

  it('ends when its time is over', async () => {
    const { supply } = start();
    await supply.waitAsync(supply.wakeWord(), 1, undefined);
  });

  it('ends with the reason of its signal, before it begins or while it lasts', async () => {
    const { supply } = start();
    const controller = new AbortController();
    const { waiting, lasting } = watched(() =>
      supply.waitAsync(supply.wakeWord(), LONG_MS, controller.signal),
    );
    controller.abort(new Error('enough'));
    await expect(waiting).rejects.toThrow('enough');
    expect(lasting()).toEqual([false]);
    const late = watched(() => supply.waitAsync(supply.wakeWord(), LONG_MS, controller.signal));
    await expect(late.waiting).rejects.toThrow('enough');
    expect(late.lasting()).toEqual([]);
  });
});

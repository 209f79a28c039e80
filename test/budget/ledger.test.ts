import { describe, expect, it } from 'vitest';
import { CHARGED, FREE, MOVES, OWNER, ROW_WORDS, rowWord, TURNS, WAKE } from '../../src/budget/layout.ts';
import { Ledger } from '../../src/budget/ledger.ts';
import { AtomicMemory, type Memory } from '../../src/budget/memory.ts';
import { KiB, MiB } from '../../src/bytes.ts';

describe('the ledger', () => {
  it('leaves as much as it is told to, whatever is charged', () => {
    const ledger = Ledger.create(3, 100 * KiB);
    const granted = [
      ledger.reserve(0, 60, 20),
      ledger.reserve(1, 21, 20),
      ledger.reserve(1, 20, 20),
      ledger.reserve(2, 20),
      ledger.reserve(2, 1),
      // Asks whether there is that much without a charge of its own.
      ledger.reserve(0, 0, 20),
    ];
    expect(granted).toEqual([true, false, true, true, false, false]);
    ledger.uncharge(2, 20);
    expect([ledger.reserve(0, 0, 20), ledger.reserve(0, 0, 21), ledger.sumKib()]).toEqual([true, false, 80]);
  });

  it('reserves up to the budget and not a KiB more', () => {
    const ledger = Ledger.create(3, 100 * KiB + 1023);
    expect(ledger.limitKib).toBe(100);
    expect([
      ledger.reserve(0, 60),
      ledger.reserve(1, 41),
      ledger.reserve(1, 40),
      ledger.reserve(2, 1),
    ]).toEqual([true, false, true, false]);
    expect([ledger.sumKib(), ledger.peakKib]).toEqual([100, 100]);
    ledger.uncharge(0, 60);
    expect(ledger.reserve(2, 60)).toBe(true);
    expect(ledger.peakKib).toBe(100);
  });

  it.each([
    { other: 40, passes: true },
    { other: 41, passes: false },
  ])('holds the budget to the KiB where another thread reserves $other KiB after the first look', (race) => {
    const ledger = Ledger.create(2, 100 * KiB);
    let raced = false;
    class RacedMemory extends AtomicMemory {
      override add(at: number, value: number): number {
        if (!raced) {
          raced = true;
          expect(ledger.reserve(1, race.other)).toBe(true);
        }
        return super.add(at, value);
      }
    }
    expect(new Ledger(ledger.shared, new RacedMemory(ledger.words), () => 0).reserve(0, 60)).toBe(
      race.passes,
    );
    const sum = race.passes ? 100 : race.other;
    expect([ledger.sumKib(), ledger.peakKib]).toEqual([sum, sum]);
    // What was added and taken back may have made others fail.
    expect(ledger.wakeWord() !== 0).toBe(!race.passes);
  });

  it.each([
    { races: 1, passes: true },
    { races: 2, passes: true },
    { races: 3, passes: false },
  ])('tries three times where two refuse each other: after $races races', ({ races, passes }) => {
    const ledger = Ledger.create(2, 100 * KiB);
    let left = races;
    class RacedMemory extends AtomicMemory {
      override add(at: number, value: number): number {
        const ours = at === rowWord(0) + CHARGED;
        // The other one adds after our first look, and takes it back when we do.
        if (ours && value > 0 && left > 0) expect(ledger.reserve(1, 60)).toBe(true);
        const before = super.add(at, value);
        if (ours && value < 0 && left-- > 0) ledger.uncharge(1, 60);
        return before;
      }
    }
    expect(new Ledger(ledger.shared, new RacedMemory(ledger.words), () => 0).reserve(0, 60)).toBe(passes);
    expect([left, ledger.sumKib()]).toEqual([0, passes ? 60 : 0]);
  });

  it('reserves nothing where charges move all the time after its first look', () => {
    const ledger = Ledger.create(2, 100 * KiB);
    class MovingMemory extends AtomicMemory {
      override add(at: number, value: number): number {
        ledger.words[MOVES] = 1;
        return super.add(at, value);
      }
    }
    expect(new Ledger(ledger.shared, new MovingMemory(ledger.words), () => 0).reserve(0, 60)).toBe(false);
    expect([ledger.chargedKib(0), ledger.peakKib]).toEqual([0, 0]);
  });

  it.each<[string, (ledger: Ledger) => void, string[]]>([
    ['a charge is taken back', (ledger) => ledger.uncharge(1, 50), ['charged', 'wake', 'notify']],
    ['the dead are forgiven', (ledger) => void ledger.writeOff(1), ['charged', 'wake', 'notify']],
    ['somebody says so', (ledger) => ledger.wake(), ['wake', 'notify']],
  ])('wakes who waits when %s: first the memory, then the word, then its sleepers', (_when, call, order) => {
    const ledger = Ledger.create(2, 100 * KiB);
    ledger.reserve(1, 50);
    const steps: string[] = [];
    class WatchedMemory extends AtomicMemory {
      override add(at: number, value: number): number {
        steps.push(at === WAKE ? 'wake' : 'charged');
        return super.add(at, value);
      }
      override store(at: number, value: number): void {
        steps.push('charged');
        super.store(at, value);
      }
      override notify(at: number): void {
        if (at === WAKE) steps.push('notify');
      }
    }
    call(new Ledger(ledger.shared, new WatchedMemory(ledger.words)));
    expect(steps).toEqual(order);
  });

  it('wakes a thread that sleeps on its word', async () => {
    const ledger = Ledger.create(1, MiB);
    const wait = Atomics.waitAsync(ledger.words, WAKE, ledger.wakeWord());
    ledger.wake();
    expect(await wait.value).toBe('ok');
  });

  it('adds nothing, even for a moment, for what is hopeless', () => {
    const ledger = Ledger.create(2, 100 * KiB);
    const adds: number[] = [];
    const real = new AtomicMemory(ledger.words);
    const spying = new Ledger(ledger.shared, {
      load: (at) => real.load(at),
      store: (at, value) => real.store(at, value),
      notify: (at) => real.notify(at),
      compareExchange: (at, expected, value) => real.compareExchange(at, expected, value),
      add: (at, value) => {
        adds.push(at);
        return real.add(at, value);
      },
    });
    expect(spying.reserve(0, 101)).toBe(false);
    expect(adds).toEqual([]);
  });

  it('moves charges without changing their sum, and wakes who waits with every un-charge', () => {
    const ledger = Ledger.create(2, MiB);
    ledger.reserve(0, 100);
    ledger.move(0, 1, 30);
    expect([ledger.chargedKib(0), ledger.chargedKib(1), ledger.sumKib()]).toEqual([70, 30, 100]);
    const seen = ledger.wakeWord();
    ledger.uncharge(1, 30);
    expect(ledger.wakeWord()).not.toBe(seen);
  });

  it('gives no sum and no memory while a move is under way', () => {
    const ledger = Ledger.create(2, MiB);
    ledger.words[MOVES] = 1;
    expect(ledger.sumKib()).toBeNull();
    expect(ledger.reserve(0, 1)).toBe(false);
    ledger.words[MOVES] = 2;
    expect(ledger.reserve(0, 1)).toBe(true);
  });

  it('starts a scan over when a charge moved behind its back', () => {
    // The scan has read row 0 when the coordinator moves all of row 1 there: without the counter it would see
    // nothing.
    const ledger = Ledger.create(2, 100 * KiB);
    ledger.reserve(0, 10);
    ledger.reserve(1, 80);
    let moved = false;
    const real = new AtomicMemory(ledger.words);
    const interrupted: Memory = {
      load: (at) => {
        const value = real.load(at);
        if (at === rowWord(0) + CHARGED && !moved) {
          moved = true;
          ledger.move(1, 0, 80);
        }
        return value;
      },
      store: (at, value) => real.store(at, value),
      add: (at, value) => real.add(at, value),
      compareExchange: (at, expected, value) => real.compareExchange(at, expected, value),
      notify: () => {},
    };
    // Nor is anything of the scan that was spoilt left in the sum.
    expect(new Ledger(ledger.shared, interrupted).sumKib()).toBe(90);
  });

  it('hands out rows once, and again only when they were released', () => {
    const ledger = Ledger.create(2, MiB);
    expect([ledger.claim(0), ledger.claim(7), ledger.claim(8)]).toEqual([0, 1, -1]);
    expect([ledger.rowOf(7), ledger.rowOf(8)]).toEqual([1, -1]);
    ledger.reserve(1, 50);
    ledger.row(1).counters.values[3] = 9;
    expect(ledger.writeOff(1)).toBe(50);
    ledger.release(1);
    expect(ledger.claim(8)).toBe(1);
    expect([ledger.chargedKib(1), ledger.row(1).counters.values[3]]).toEqual([0, 0]);
  });

  it('leaves nothing in a released row, from before it can be claimed, and its neighbours as they are', () => {
    const ledger = Ledger.create(3, MiB);
    const rows = [0, 1, 2].map((row) => ({
      words: ledger.words.subarray(rowWord(row), rowWord(row) + ROW_WORDS),
      counters: ledger.row(row).counters.values,
    }));
    for (const { words, counters } of rows) {
      words.fill(7);
      counters.fill(9);
    }
    ledger.writeOff(1);
    const left: number[] = [];
    class WatchedMemory extends AtomicMemory {
      override store(at: number, value: number): void {
        super.store(at, value);
        if (at === rowWord(1) + OWNER && value === FREE) left.push(...rows[1].words, ...rows[1].counters);
      }
    }
    new Ledger(ledger.shared, new WatchedMemory(ledger.words)).release(1);
    expect(new Set(left)).toEqual(new Set([0]));
    for (const row of [0, 2]) {
      expect([...new Set(rows[row].words), ...new Set(rows[row].counters)]).toEqual([7, 9]);
    }
    expect(ledger.claim(4)).toBe(1);
  });
});

describe('the first turn', () => {
  function start() {
    const ledger = Ledger.create(4, 100 * KiB);
    ledger.header.raiseHunger(1);
    const waits = (row: number, kib: number): number => {
      const turn = ledger.header.drawTurn();
      ledger.row(row).starve(kib, 0, turn);
      return turn;
    };
    return { ledger, waits };
  }

  it('is of who drew it first, among other rows, and before one of its own', () => {
    const { ledger, waits } = start();
    expect(ledger.firstTurn(1)).toBeNull();
    waits(3, 30);
    const own = waits(1, 10);
    waits(2, 20);
    expect([1, 2, 3].map((row) => ledger.firstTurn(row))).toEqual([
      { row: 3, kib: 30 },
      { row: 3, kib: 30 },
      { row: 1, kib: 10 },
    ]);
    expect([ledger.firstTurn(1, own)?.row, ledger.firstTurn(3, 1)]).toEqual([3, null]);
    // Without anybody who waits no row is looked at.
    ledger.header.hungerKib = 0;
    expect(ledger.firstTurn(1)).toBeNull();
  });

  it('is a number that comes after billions of others, too, and never 0', () => {
    const { ledger, waits } = start();
    ledger.words[TURNS] = 2 ** 31 - 2;
    expect([waits(2, 20), waits(1, 10)]).toEqual([2 ** 31 - 1, -(2 ** 31)]);
    expect(ledger.firstTurn(3)?.row).toBe(2);
    ledger.words[TURNS] = -1;
    expect(ledger.header.drawTurn()).toBe(1);
  });

  it.each([
    ['its own row', [0, 0, 31, 0], null],
    ['the main thread', [31, 0, 0, 0], null],
    ['both', [15, 0, 16, 0], null],
    ['others', [15, 40, 15, 30], { row: 2, kib: 70 }],
  ])('counts where %s may keep it from its memory', (_who, charged, expected) => {
    const { ledger, waits } = start();
    for (const [row, kib] of charged.entries()) ledger.reserve(row, kib);
    waits(2, 70);
    expect(ledger.firstTurn(1)).toEqual(expected);
    // The main thread itself cannot know what waits for it.
    expect(ledger.firstTurn(0)?.row).toBe(charged[2] > 30 ? undefined : 2);
  });
});

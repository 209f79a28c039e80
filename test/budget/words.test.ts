/** The named words and counters: that each is one of its own, for its row and no other. */
import { describe, expect, it, vi } from 'vitest';
import { Counters } from '../../src/budget/counters.ts';
import { Counting } from '../../src/budget/counting.ts';
import { Ledger } from '../../src/budget/ledger.ts';
import { MiB } from '../../src/bytes.ts';
import { CAUSES, HIT, REFUSED } from '../../src/pool/causes.ts';
import { FreeList, LIST_WORDS } from '../../src/pool/free-list.ts';
import { Store } from '../../src/pool/store.ts';
import { POOLED_TIERS, TIER_NAMES } from '../../src/pool/tiers.ts';

const TIERS = [...TIER_NAMES.keys()];

/** Everything that a row shows, but for its counters. */
function shown(ledger: Ledger, at: number) {
  const row = ledger.row(at);
  const { words, mail } = row.shardWords();
  return {
    mail: words[mail],
    mailRead: row.mailRead,
    cancels: row.cancels,
    begun: row.begunTask,
    longestTask: row.longestTaskNs,
    progress: row.progressThousandths,
    declared: row.declared,
    longest: row.longestBlockBytes,
    starving: [row.starvingKib, row.starvingTier, row.turn],
    lists: [0, 1, 2].map((tier) => [
      row.idle(tier),
      row.idleLow(tier),
      row.idleHigh(tier),
      row.idlePeak(tier),
    ]),
    quota: [0, 1, 2].map((tier) => row.quota(tier)),
  };
}

/** Writes something of its own to every word of a row, as its shard and the coordinator do. */
function fill(ledger: Ledger, at: number): void {
  const row = ledger.row(at);
  for (let cancel = 0; cancel < 2 + at; cancel++) row.countCancel();
  row.begunTask = 100 + at;
  row.longestTaskNs = 150 + at;
  row.progressThousandths = 200 + at;
  row.longestBlockBytes = 250 + at;
  row.starve(300 + at, 2, 350 + at);
  row.resetMarks();
  const { words, lists, quota } = row.shardWords();
  for (let tier = 0; tier < POOLED_TIERS; tier++) {
    words[quota + tier] = 400 + 10 * at + tier;
    // 3 + tier are pushed, then one goes.
    const list = new FreeList(10, lists + LIST_WORDS * tier);
    for (let count = 0; count < 3 + tier; count++) list.push(new Store(new ArrayBuffer(8), tier), words);
    list.pop(words);
  }
  // Last: a 1 in a word of another shows, while any number there would do for these.
  row.raiseMail();
  for (let read = 0; read < 5 + at; read++) row.countMail();
  row.declared = true;
}

const filled = (at: number): ReturnType<typeof shown> => ({
  mail: 1,
  mailRead: 5 + at,
  cancels: 2 + at,
  begun: 100 + at,
  longestTask: 150 + at,
  progress: 200 + at,
  declared: true,
  longest: 250 + at,
  starving: [300 + at, 2, 350 + at],
  lists: [
    [2, 2, 3, 3],
    [3, 3, 4, 4],
    [4, 4, 5, 5],
  ],
  quota: [400 + 10 * at, 401 + 10 * at, 402 + 10 * at],
});

const EMPTY: ReturnType<typeof shown> = {
  mail: 0,
  mailRead: 0,
  cancels: 0,
  begun: 0,
  longestTask: 0,
  progress: 0,
  declared: false,
  longest: 0,
  starving: [0, 0, 0],
  lists: [
    [0, 0, 0, 0],
    [0, 0, 0, 0],
    [0, 0, 0, 0],
  ],
  quota: [0, 0, 0],
};

describe('the words of a row', () => {
  it('are each one of its own, on every thread, and none is left when the row is released', () => {
    const ledger = Ledger.create(3, MiB);
    for (let row = 0; row < 3; row++) {
      expect(ledger.claim(row)).toBe(row);
      ledger.reserve(row, 10 + row);
      fill(ledger, row);
    }
    const other = new Ledger(ledger.shared);
    expect([0, 1, 2].map((row) => shown(other, row))).toEqual([0, 1, 2].map(filled));
    expect([0, 1, 2].map((row) => other.chargedKib(row))).toEqual([10, 11, 12]);

    expect([0, 1, 2].map((row) => other.row(row).taken)).toEqual([true, true, true]);
    ledger.writeOff(1);
    ledger.release(1);
    expect([0, 1, 2].map((row) => other.row(row).taken)).toEqual([true, false, true]);
    expect([0, 1, 2].map((row) => shown(other, row))).toEqual([filled(0), EMPTY, filled(2)]);
    expect([0, 1, 2].map((row) => other.chargedKib(row))).toEqual([10, 0, 12]);
  });

  it('are taken back one by one', () => {
    const row = Ledger.create(1, MiB).row(0);
    row.raiseMail();
    row.declared = true;
    row.starve(5, 1);
    row.clearMail();
    row.declared = false;
    row.starve(0, 0);
    const { words, mail } = row.shardWords();
    expect([words[mail], row.declared, row.starvingKib, row.starvingTier]).toEqual([0, false, 0, 0]);
  });

  it('show what a shard starves for only with its tier, and a turn only with that', () => {
    const row = Ledger.create(1, MiB).row(0);
    row.starve(4, 1, 7);
    const seen: number[][] = [];
    const { store } = Atomics;
    const spy = vi.spyOn(Atomics, 'store').mockImplementation(((...of: Parameters<typeof store>) => {
      const stored = store(...of);
      seen.push([row.turn, row.starvingKib, row.starvingTier]);
      return stored;
    }) as typeof store);
    row.starve(1024, 2);
    row.starve(8, 0, 9);
    spy.mockRestore();
    expect(seen).toEqual([
      [0, 4, 1],
      [0, 4, 2],
      [0, 1024, 2],
      [0, 1024, 0],
      [0, 8, 0],
      [9, 8, 0],
    ]);
  });

  it('are reached by one object, however often it is asked for', () => {
    const ledger = Ledger.create(2, MiB);
    expect(ledger.row(1)).toBe(ledger.row(1));
    expect(ledger.row(1).counters).toBe(ledger.row(1).counters);
    expect(ledger.row(0)).not.toBe(ledger.row(1));
  });
});

describe('the words of all threads', () => {
  it('are each one of its own', () => {
    const ledger = Ledger.create(1, MiB);
    const { header } = ledger;
    ledger.reserve(0, 7);
    header.blockBytes = 65_536;
    header.critical = true;
    header.askToPublish();
    header.raiseHunger(30);
    header.wakeCoordinator();
    ledger.wake();
    const { header: other } = new Ledger(ledger.shared);
    expect([other.blockBytes, other.critical, other.hungerKib]).toEqual([65_536, true, 30]);
    expect([other.publishWord, other.starvedWord, ledger.wakeWord()]).toEqual([1, 1, 1]);
    expect([ledger.limitKib, ledger.peakKib, ledger.sumKib()]).toEqual([1024, 7, 7]);
    header.critical = false;
    expect(other.critical).toBe(false);
  });

  it('raise hunger, and lower it only when the coordinator says so', () => {
    const { header } = Ledger.create(1, MiB);
    header.raiseHunger(30);
    header.raiseHunger(20);
    expect(header.hungerKib).toBe(30);
    header.hungerKib = 20;
    expect(header.hungerKib).toBe(20);
  });

  it('wake who waits for their change, and nobody sleeps who missed it', async () => {
    const ledger = Ledger.create(1, MiB);
    const { header } = ledger;
    const [wake, starved] = [ledger.wakeWord(), header.starvedWord];
    const waits = [header.waitForWakeAsync(wake, 60_000), header.waitForStarvedAsync(starved)];
    expect(waits).not.toContain(null);
    ledger.wake();
    header.wakeCoordinator();
    expect(await Promise.all(waits)).toEqual(['ok', 'ok']);
    expect([header.waitForWakeAsync(wake, 60_000), header.waitForStarvedAsync(starved)]).toEqual([
      null,
      null,
    ]);
    // It would block for a minute.
    header.waitForWake(wake, 60_000);
  });
});

type Count = readonly [what: string, count: (counts: Counting) => void, read: (counters: Counters) => number];

describe('the counters of a row', () => {
  const served = (name: string, cause: number, tier: number): Count => [
    `requests of tier ${tier} by ${name}`,
    (counts) => counts.served(cause, tier),
    (counters) => counters.served(cause, tier),
  ];
  const ofTier = (tier: number): Count[] => [
    [`hits ${tier}`, (counts) => void counts.hits[tier]++, (counters) => counters.served(HIT, tier)],
    [`releases ${tier}`, (counts) => void counts.releases[tier]++, (counters) => counters.releases(tier)],
    [`overflows ${tier}`, (counts) => counts.overflowed(tier), (counters) => counters.overflows(tier)],
    [`KiB held ${tier}`, (counts) => counts.held(tier, 1), (counters) => counters.heldKib(tier)],
  ];
  const EACH: readonly Count[] = [
    ...CAUSES.flatMap((name, cause) => TIERS.map((tier) => served(name, cause, tier))),
    ...TIERS.flatMap(ofTier),
    ['leaks', (counts) => counts.leaked(), (counters) => counters.leaks],
    ['quarantined', (counts) => counts.quarantined(), (counters) => counters.quarantined],
    ['ended foreign', (counts) => counts.endedForeign(), (counters) => counters.endedForeign],
    ...CAUSES.map(
      (name, cause): Count => [
        `nanoseconds spent by ${name}`,
        (counts) => counts.spent(cause, 1),
        (counters) => counters.spentNanoseconds(cause),
      ],
    ),
    ['processed', (counts) => counts.processed(1), (counters) => counters.processedBytes],
  ];

  it.each(EACH)('count %s and nothing else', (_what, count, read) => {
    const ledger = Ledger.create(3, MiB);
    count(new Counting(ledger.row(1)));
    const [before, { counters }, after] = [0, 1, 2].map((row) => new Ledger(ledger.shared).row(row));
    expect(read(counters)).toBe(1);
    const sum = ({ values }: Counters): number => values.reduce((all, value) => all + value, 0);
    expect([before.counters, counters, after.counters].map(sum)).toEqual([0, 1, 0]);
  });

  it('tell what is allocated from what is freed, and what is held from both', () => {
    const row = Ledger.create(1, MiB).row(0);
    const counts = new Counting(row);
    for (const tier of TIERS) {
      counts.allocated(tier, 10 + tier);
      counts.allocated(tier, 10 + tier);
      counts.freed(tier, 1);
    }
    const { counters } = row;
    expect(TIERS.map((tier) => counters.allocations(tier))).toEqual([2, 2, 2, 2]);
    expect(TIERS.map((tier) => counters.allocatedKib(tier))).toEqual([20, 22, 24, 26]);
    expect(TIERS.map((tier) => counters.freedKib(tier))).toEqual([1, 1, 1, 1]);
    expect(TIERS.map((tier) => counters.heldKib(tier))).toEqual([19, 21, 23, 25]);
    expect(counters.allHeldKib).toBe(88);
  });

  it('sum up what got memory, what did not, and what ended', () => {
    const row = Ledger.create(1, MiB).row(0);
    const counts = new Counting(row);
    for (const cause of CAUSES.keys()) for (const tier of TIERS) counts.served(cause, tier);
    for (const tier of TIERS) counts.served(REFUSED, tier);
    counts.releases[3] = 5;
    const { acquires, refused, allReleases } = row.counters;
    expect([acquires, refused, allReleases]).toEqual([(CAUSES.length - 1) * 4, 8, 5]);
  });

  it('are copied as they are, and added to others', () => {
    const row = Ledger.create(1, MiB).row(0);
    const counts = new Counting(row);
    counts.leaked();
    const copy = row.counters.copy();
    counts.leaked();
    const all = new Counters();
    all.add(copy);
    all.add(row.counters);
    expect([copy.leaks, row.counters.leaks, all.leaks]).toEqual([1, 2, 3]);
  });
});

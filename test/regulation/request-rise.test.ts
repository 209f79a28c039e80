import { describe, expect, it } from 'vitest';
import { Counting } from '../../src/budget/counting.ts';
import { KiB, MiB } from '../../src/bytes.ts';
import { FRESH, WAITED } from '../../src/pool/causes.ts';
import {
  DEFAULT_RISE,
  hasRisen,
  nextRise,
  type RiseState,
  START_RISE,
} from '../../src/regulation/request-rise.ts';
import { hoard } from '../coordinator/ports.ts';
import { MEDIUM } from '../stand.ts';
import { start } from './regulated.ts';

/** Two busy threads, with looks five times a second. */
class Played {
  state: RiseState = START_RISE;
  nowMs = 0;
  #busySeconds = 0;
  #seconds = 0;

  /** Returns how many seconds went by before it had risen; null if it did not. */
  play(seconds: number, share: number, { blockBytes = 64 * KiB, busy = 2 } = {}): number | null {
    let risen: number | null = null;
    for (let tick = 1; tick <= seconds * 5; tick++) {
      this.nowMs += 200;
      this.#busySeconds += busy / 5;
      this.#seconds += (share * busy) / 5;
      const totals = { busySeconds: this.#busySeconds, seconds: this.#seconds };
      this.state = nextRise(this.state, { nowMs: this.nowMs, blockBytes, ...totals }, DEFAULT_RISE);
      if (risen === null && hasRisen(this.state)) risen = tick / 5;
    }
    return risen;
  }
}

describe('a share of the busy time has risen', () => {
  it('when it is over what is usual for three windows in a row, until that is usual', () => {
    const rise = new Played();
    expect(rise.play(60, 0.02)).toBeNull();
    expect(rise.play(10, 0.04)).toBeLessThanOrEqual(4);
    rise.play(200, 0.04);
    expect(hasRisen(rise.state)).toBe(false);
    expect(rise.state.usual).toBeCloseTo(0.04, 3);
  });

  it.each<[string, (rise: Played) => number | null]>([
    ['by less than the mark', (rise) => rise.play(10, 0.0215)],
    ['for one window only', (rise) => rise.play(1, 0.5) ?? rise.play(10, 0.02)],
    ['as the block changed', (rise) => rise.play(60, 0.2, { blockBytes: 96 * KiB })],
    ['while threads have nothing to do', (rise) => rise.play(60, 0.9, { busy: 0.01 })],
  ])('not %s', (_what, rises) => {
    const rise = new Played();
    rise.play(60, 0.02);
    expect(rises(rise)).toBeNull();
  });

  it('not where it is too little to matter, nor before it is known what is usual', () => {
    const rise = new Played();
    rise.play(60, 0.001);
    expect(rise.play(10, 0.009)).toBeNull();
    expect(new Played().play(5, 0.9)).toBeNull();
  });
});

describe('quotas', () => {
  /** Shares of one thread that is busy all the time, for so many seconds. */
  function play(world: ReturnType<typeof start>, seconds: number, fresh: number, waits: number): void {
    const counts = new Counting(world.ledger.row(1));
    for (let at = 0; at < seconds * 20; at++) {
      counts.spent(FRESH, fresh * 50e6);
      counts.spent(WAITED, waits * 50e6);
      world.now.loopMs += 50;
      world.pass(50);
    }
  }
  const quotaOf = ({ quotas, shards }: ReturnType<typeof start>): number => quotas.of(shards[0].row)[1];

  it('stay while shards allocate more than usual, longer each time', () => {
    const world = start({ budgetBytes: 64 * MiB, sizing: 'fixed' });
    play(world, 63, 0.002, 0);
    const before = quotaOf(world);
    play(world, 2, 0.002, 0);
    expect(quotaOf(world)).toBeLessThan(before);
    play(world, 6, 0.04, 0);
    const held = quotaOf(world);
    expect(world.decisions.filter(({ kind }) => kind === 'rebalance').map(({ reason }) => reason)).toEqual([
      expect.stringMatching(
        /^Allocating takes 4.0 % of the busy time, and usually 0.\d %: no quota falls for 60 s.$/,
      ),
    ]);
    play(world, 50, 0.002, 0);
    expect(quotaOf(world)).toBe(held);
    play(world, 20, 0.002, 0);
    expect(quotaOf(world)).toBeLessThan(held);
    play(world, 6, 0.08, 0);
    expect(world.decisions.at(-1)?.reason).toMatch(/no quota falls for 120 s.$/);
  });

  it('fall faster while requests wait more than usual', () => {
    const quotaAfter = (waits: number): [quota: number, world: ReturnType<typeof start>] => {
      const world = start({ budgetBytes: 64 * MiB, sizing: 'fixed' });
      hoard(world.shards[0], MEDIUM, 160);
      play(world, 62, 0.002, 0.002);
      play(world, 8, 0.002, waits);
      return [quotaOf(world), world];
    };
    const [slow] = quotaAfter(0.002);
    const [fast, { decisions }] = quotaAfter(0.05);
    expect(slow).toBeGreaterThan(80);
    expect(fast).toBeLessThan(20);
    const { kind, reason, bytes } = decisions.find((decision) => decision.reason.includes('wait'))!;
    expect(kind).toBe('trim');
    expect(reason).toMatch(
      /^Requests wait for 5.0 % of the busy time, and usually 0.\d %: quotas fall faster.$/,
    );
    expect(bytes).toBeGreaterThan(0);
  });
});

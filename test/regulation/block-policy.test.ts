import { describe, expect, it } from 'vitest';
import { KiB, MiB } from '../../src/bytes.ts';
import { busy, elevated, Played, policy } from './played-block.ts';

describe('under pressure a block', () => {
  it.each(['elevated', 'high', 'critical'] as const)('goes to 75 %% at %s, at once', (pressure) => {
    const block = new Played();
    expect(block.look({ pressure })).toMatchObject({ kind: 'shrink', bytes: 48 * KiB, turn: false });
  });

  it('takes a step at each look until what is held falls, then waits a cool-down for each', () => {
    const block = new Played(256 * KiB);
    // 256 KiB down to 81 KiB still hold a buffer of 1 MiB each.
    expect(block.looks(0.8, elevated)).toHaveLength(4);
    expect(block.looks(1.8, { ...elevated, heldBytes: 45 * MiB })).toEqual([]);
    expect(block.looks(4, { ...elevated, heldBytes: 50 * MiB })).toHaveLength(2);
  });

  it('takes no fall smaller than 1 % for one', () => {
    const block = new Played();
    block.look(elevated);
    expect(block.look({ ...elevated, heldBytes: 49.6 * MiB })).not.toBe(null);
    expect(block.look({ ...elevated, heldBytes: 49.5 * MiB })).toBe(null);
  });

  it('ends at the least, in whole multiples of 64 bytes', () => {
    const block = new Played();
    const sizes = block.looks(60, elevated).map((change) => Number(change.split(' ')[1]) * KiB);
    expect(block.state.bytes).toBe(4 * KiB);
    expect(sizes.every((bytes) => bytes % 64 === 0)).toBe(true);
    expect(block.looks(60, elevated)).toEqual([]);
  });

  it('never grows, however busy the CPU is', () => {
    const block = new Played();
    expect(block.looks(60, { ...elevated, ...busy }).every((change) => change.startsWith('shrink'))).toBe(
      true,
    );
    // Nor may it afterwards: what pressure left rises only once that is over.
    expect(block.state.ceilingBytes).toBe(48 * KiB);
  });
});

describe('after pressure a block', () => {
  it('goes back by the same steps, up to the size before that at which pressure began', () => {
    const block = new Played();
    block.looks(1, elevated);
    expect(block.state.bytes / KiB).toBeCloseTo(15.1, 0);
    expect(block.looks(1.8)).toEqual([]);
    const back = block.looks(7.2).map((change) => Math.round(Number(change.split(' ')[1])));
    expect(back).toEqual([20, 27, 36, 48]);
    expect(block.state.ceilingBytes).toBeLessThan(64 * KiB);
  });

  it('goes on to the baseline when the ceiling has risen so far', () => {
    const block = new Played();
    block.look(elevated);
    expect(block.looks(12)).toEqual([]);
    expect(block.looks(1)).toEqual(['return 64']);
  });

  it('waits twice as long each time that pressure follows its return', () => {
    const block = new Played();
    const waits: number[] = [];
    for (let round = 0; round < 5; round++) {
      block.look(elevated);
      const from = block.nowMs;
      while (block.look() === null);
      waits.push(Math.round((block.nowMs - from) / 1000));
    }
    expect(waits).toEqual([13, 25, 50, 100, 200]);
  });

  it('soon waits no longer for pressure that comes whatever its size is', () => {
    const block = new Played();
    const square = (rounds: number): void => {
      for (let round = 0; round < rounds; round++) {
        block.looks(5, elevated);
        block.looks(5);
      }
    };
    square(50);
    const { doublingMs } = block.state.ceiling!;
    expect(doublingMs).toBeLessThanOrEqual(8 * policy.ceilingDoublingMs);
    square(200);
    expect(block.state.ceiling?.doublingMs).toBe(doublingMs);
    // From 4 KiB four doublings.
    block.looks(4.5 * (doublingMs / 1000));
    expect(block.state.bytes).toBe(64 * KiB);
  });

  it('forgets the waits after a long calm', () => {
    const block = new Played();
    for (let round = 0; round < 4; round++) {
      block.look(elevated);
      while (block.look() === null);
    }
    expect(block.state.ceiling?.doublingMs).toBe(8 * policy.ceilingDoublingMs);
    block.looks(8 * 8 * 30);
    block.look(elevated);
    expect(block.state.ceiling?.doublingMs).toBe(4 * policy.ceilingDoublingMs);
    // Twice as long a calm of these halves it twice.
    block.looks(2 * 8 * 4 * 30 + 1);
    block.look(elevated);
    expect(block.state.ceiling?.doublingMs).toBe(policy.ceilingDoublingMs);
  });

  it('is not ratcheted up by a busy CPU between two pressures', () => {
    const block = new Played();
    block.rate = (bytes) => 1e6 * Math.sqrt(bytes);
    for (let round = 0; round < 40; round++) {
      block.look(elevated);
      const [before] = [block.state.bytes];
      block.looks(10, busy);
      expect(block.state.bytes).toBeLessThanOrEqual(Math.max(before / policy.shrinkFactor, 64 * KiB));
    }
  });
});

it('a state is plain JSON', () => {
  const block = new Played();
  for (const input of [busy, elevated, busy, {}]) {
    block.looks(3, input);
    expect(JSON.parse(JSON.stringify(block.state))).toEqual(block.state);
  }
});

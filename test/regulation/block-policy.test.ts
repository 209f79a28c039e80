import { describe, expect, it } from 'vitest';
import { KiB, MiB } from '../../src/bytes.ts';
import {
  type BlockChange,
  type BlockPolicy,
  type BlockState,
  DEFAULT_BLOCK_POLICY,
  nextBlock,
  startBlock,
} from '../../src/regulation/block-policy.ts';
import { blockSizes } from '../../src/regulation/block-sizes.ts';
import type { PressureLevel } from '../../src/regulation/pressure.ts';

const policy: BlockPolicy = {
  ...DEFAULT_BLOCK_POLICY,
  ...blockSizes({ baselineBytes: 64 * KiB, budgetBytes: 100 * MiB, threads: 2 }),
};
const TICK_MS = 200;

/** A block under given inputs; work goes on at `rate` bytes for each CPU second of the size in use. */
class Played {
  state: BlockState;
  nowMs = 0;
  processedBytes = 0;
  cpuSeconds = 0;
  rate: (bytes: number) => number = () => 1e6;

  constructor(bytes = policy.baselineBytes) {
    this.state = { ...startBlock(policy, 0), bytes };
  }

  /** One look; returns what changed. */
  look(
    input: { pressure?: PressureLevel; cpu?: number | null; heldBytes?: number } = {},
    given: BlockPolicy = policy,
  ): BlockChange | null {
    const { pressure = 'nominal', cpu = 0.5, heldBytes = 50 * MiB } = input;
    this.nowMs += TICK_MS;
    this.cpuSeconds += 0.4;
    this.processedBytes += 0.4 * this.rate(this.state.bytes);
    const { nowMs, processedBytes, cpuSeconds } = this;
    const next = nextBlock(
      this.state,
      { nowMs, cpu, pressure, heldBytes, processedBytes, cpuSeconds },
      given,
    );
    this.state = next.state;
    return next.change;
  }

  /** So many seconds of the same; returns what changed, turns of trials left out. */
  looks(seconds: number, input: Parameters<Played['look']>[0] = {}): string[] {
    const changes: string[] = [];
    for (let tick = 0; tick < (seconds * 1000) / TICK_MS; tick++) {
      const change = this.look(input);
      if (change !== null && !change.turn) changes.push(`${change.kind} ${change.bytes / KiB}`);
    }
    return changes;
  }
}

const elevated = { pressure: 'elevated' } as const;
const busy = { cpu: 0.9 } as const;

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

describe('with a busy CPU a block', () => {
  it.each([
    [0.8, true],
    [0.79, false],
    [null, false],
  ])('is tried larger at a load of %s: %s', (cpu, grows) => {
    const changes = new Played().looks(5, { cpu });
    expect(changes.slice(0, 1)).toEqual(grows ? ['grow 96'] : []);
  });

  it('grows by 150 % as long as that does more work, up to the most', () => {
    const block = new Played();
    block.rate = (bytes) => 1e6 * bytes ** 0.2;
    expect(block.looks(120, busy)).toEqual([
      'grow 96',
      'grow 144',
      'grow 216',
      'grow 324',
      'grow 486',
      'grow 729',
      'grow 1024',
    ]);
    expect(block.looks(600, busy)).toEqual([]);
  });

  it('returns when that does no more, and tries again after times that double', () => {
    const block = new Played();
    const starts: number[] = [];
    for (let tick = 0; tick < 5 * 600; tick++) {
      const change = block.look(busy);
      if (change?.kind === 'grow' && !change.turn) starts.push(Math.round(block.nowMs / 1000));
    }
    const waits = starts.slice(1).map((start, at) => start - starts[at]);
    expect(waits.map((wait) => Math.round(wait / 10))).toEqual([3, 6, 12, 24]);
    expect(block.state.bytes).toBe(64 * KiB);
    expect(block.state.ceilingBytes).toBe(64 * KiB);
  });

  it('tries again after no more than a day, however often it failed', () => {
    const block = new Played();
    block.state = { ...block.state, failed: { bytes: 1, untilMs: 0, retryMs: policy.mostRetryMs } };
    block.looks(10, busy);
    expect(block.state.failed?.retryMs).toBe(policy.mostRetryMs);
  });

  it('forgets half of what failures taught with each size that helped, and waits a cool-down for the next', () => {
    const block = new Played();
    block.rate = (bytes) => 1e6 * bytes ** 0.2;
    const retryMs = 8 * policy.retryMs;
    block.state = { ...block.state, failed: { bytes: 1, untilMs: 0, retryMs } };
    for (let tick = 0; tick < 100 && block.state.failed?.retryMs === retryMs; tick++) block.look(busy);
    expect([block.state.bytes, block.state.failed?.retryMs]).toEqual([96 * KiB, retryMs / 2]);
    expect(block.state.changedMs).toBe(block.nowMs);
    expect(block.looks(policy.coolDownMs / 1000 - 0.2, busy)).toEqual([]);
    expect(block.state.trial).toBe(null);
    block.look(busy);
    expect(block.state.trial).not.toBe(null);
  });

  it('says at a trial what it compared', () => {
    const block = new Played();
    const changes: BlockChange[] = [];
    for (let tick = 0; tick < 20; tick++)
      changes.push(...[block.look(busy)].filter((change) => change !== null));
    expect(changes.map(({ kind, turn, reason }) => [kind, turn, reason])).toEqual([
      ['grow', false, 'CPU load is 90.0 %, on trial: 64 KiB to 96 KiB'],
      ['return', true, 'Turn'],
      [
        'return',
        false,
        expect.stringContaining('96 KiB does 0.0 % more work for each second of CPU than 64 KiB'),
      ],
    ]);
  });

  it('is not tried larger while no work is reported', () => {
    const block = new Played();
    block.rate = () => 0;
    expect(block.looks(60, busy)).toEqual([]);
  });

  it('falls to 75 % of the size before the trial when pressure comes in it', () => {
    const block = new Played();
    block.looks(1, busy);
    expect(block.state.bytes).toBe(96 * KiB);
    expect(block.look({ ...busy, ...elevated })).toMatchObject({ kind: 'shrink', bytes: 48 * KiB });
    expect(block.state.trial).toBe(null);
    // The size on trial is what pressure began at.
    expect(block.state.ceilingBytes).toBe(72 * KiB);
  });

  it('falls by the same when pressure comes in the turn of the size before', () => {
    const block = new Played();
    block.rate = (bytes) => 1e6 * bytes ** 0.2;
    for (let tick = 0; tick < 50 && block.look(busy)?.kind !== 'return'; tick++);
    expect([block.state.bytes, block.state.trial?.triedBytes]).toEqual([64 * KiB, 96 * KiB]);
    expect(block.look({ ...busy, ...elevated })).toMatchObject({ kind: 'shrink', bytes: 48 * KiB });
    expect(block.state.ceilingBytes).toBe(72 * KiB);
  });

  it('is not tried past the ceiling of the last pressure', () => {
    const block = new Played();
    block.rate = (bytes) => 1e6 * bytes;
    block.look({ ...busy, ...elevated });
    // 48 KiB double in 30 s: 64 KiB are back after 13 s, 96 KiB can be tried after 30.
    expect(block.looks(29.8, busy)).toEqual(['return 64']);
    expect(block.looks(1, busy)).toEqual(['grow 96']);
  });
});

describe('with an idle CPU a block', () => {
  it('over the baseline goes back to it, one step for each cool-down', () => {
    const block = new Played(144 * KiB);
    block.rate = () => 0;
    block.look(busy);
    expect(block.looks(5, { cpu: 0.1 })).toEqual([]);
    expect(block.looks(20, { cpu: 0.1 })).toEqual(['return 108', 'return 81', 'return 64']);
  });

  it('stays while the load is between the two marks', () => {
    const block = new Played(144 * KiB);
    block.rate = () => 0;
    block.looks(1, busy);
    expect(block.looks(60, { cpu: 0.66 })).toEqual([]);
    expect(block.looks(60, { cpu: 0.64 })).not.toEqual([]);
  });
});

it('a state is plain JSON', () => {
  const block = new Played();
  for (const input of [busy, elevated, busy, {}]) {
    block.looks(3, input);
    expect(JSON.parse(JSON.stringify(block.state))).toEqual(block.state);
  }
});

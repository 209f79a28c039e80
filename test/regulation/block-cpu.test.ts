import { describe, expect, it } from 'vitest';
import { KiB } from '../../src/bytes.ts';
import type { BlockChange } from '../../src/regulation/block-policy.ts';
import { busy, elevated, Played, policy } from './played-block.ts';

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
    for (let tick = 0; tick < 25; tick++)
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

  it('falls to 75 % of the size before the trial when pressure comes in it', () => {
    const block = new Played();
    block.looks(2, busy);
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

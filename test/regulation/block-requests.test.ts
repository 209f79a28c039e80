import { describe, expect, it } from 'vitest';
import { KiB, MiB } from '../../src/bytes.ts';
import { busy, elevated, Played, policy } from './played-block.ts';

const quiet = { cpu: 0.5 } as const;
const STEPS = ['grow 96', 'grow 144', 'grow 216', 'grow 324', 'grow 486', 'grow 729', 'grow 1024'];

/** A job that says nothing of its work. */
function silent(): Played {
  const block = new Played();
  block.rate = () => 0;
  return block;
}

describe('with jobs that report no work, a block', () => {
  it.each([
    [0.8, STEPS],
    [0.79, []],
    [null, []],
  ])('grows at a CPU load of %s: %j', (cpu, steps) => {
    expect(silent().looks(120, { cpu })).toEqual(steps);
  });

  it('grows by 150 % of what it is, once in a cool-down and up to the most, and stays there', () => {
    const block = silent();
    const times: number[] = [];
    for (let tick = 0; tick < 600; tick++) if (block.look(busy) !== null) times.push(block.nowMs);
    expect(times).toHaveLength(STEPS.length);
    expect(times.slice(1).every((time, at) => time - times[at] >= policy.coolDownMs)).toBe(true);
    expect(block.state.bytes).toBe(policy.mostBytes);
    expect(block.looks(3600, busy)).toEqual([]);
  });

  it('grows to the longest that a job would work in and no further, and on when that is longer', () => {
    const block = silent();
    block.longestBytes = 128_000;
    expect(block.looks(60, busy)).toEqual(['grow 96', 'grow 125']);
    expect(block.state.ceilingBytes).toBe(128_000);
    block.longestBytes = 176_400;
    expect(block.looks(60, busy)).toEqual([`grow ${176_384 / KiB}`]);
    // Nor is one put on trial that nobody would follow.
    block.rate = (bytes) => 1e6 * bytes;
    expect(block.looks(60, busy)).toEqual([]);
    expect(block.state.trial).toBe(null);
  });

  it('falls to 75 % of the longest when pressure comes, however much was advised, and back to the baseline', () => {
    const block = silent();
    block.looks(60, busy);
    block.longestBytes = 64_000;
    expect(block.look({ ...busy, ...elevated })).toMatchObject({ kind: 'shrink', bytes: 48_000 });
    expect(block.state.ceilingBytes).toBe(48_000);
    // In the cool-down nothing changes, whatever jobs do.
    block.longestBytes = 8000;
    expect(block.look({ ...elevated, heldBytes: 40 * MiB })).toBe(null);
    expect(block.state.bytes).toBe(48_000);
    block.longestBytes = 64_000;
    expect(block.looks(60, busy)).toEqual([`return ${64_000 / KiB}`, 'return 64']);
  });

  it('waits as long as a report may take where there was one, and goes on trial when there is one again', () => {
    const block = new Played();
    block.looks(0.4, quiet);
    block.rate = () => 0;
    block.looks(1, quiet);
    expect(block.looks(policy.mostTurnMs / 1000 - 1.2, busy)).toEqual([]);
    expect(block.looks(0.6, busy)).toEqual(['grow 96']);
    block.rate = () => 1e6;
    block.looks(3, busy);
    expect(block.state.trial?.triedBytes).toBe(144 * KiB);
  });

  it('does not grow under pressure, nor past the ceiling that it left', () => {
    const block = silent();
    expect(block.looks(20, { ...busy, ...elevated }).every((change) => change.startsWith('shrink'))).toBe(
      true,
    );
    block.looks(15, busy);
    expect(block.state.bytes).toBeLessThanOrEqual(block.state.ceilingBytes);
    expect(block.state.bytes).toBeLessThan(64 * KiB);
  });

  it('goes back to the baseline when the CPU is not busy any more', () => {
    const block = silent();
    block.looks(60, busy);
    block.looks(120, { cpu: 0.1 });
    expect(block.state.bytes).toBe(policy.baselineBytes);
  });

  it.each<[string, (block: Played) => void]>([
    ['the share of requests', (block) => (block.acquireShare = (bytes) => 0.02 * (bytes / (64 * KiB)))],
    ['that of waits for memory', (block) => (block.waitShare = (bytes) => 0.02 * (bytes / (64 * KiB)))],
    [
      'the 99th percentile of slow ones',
      (block) => {
        block.acquireShare = () => 0.03;
        block.p99 = (bytes) => (bytes > 64 * KiB ? 500_000 : 100_000);
      },
    ],
  ])('takes growth back that raises %s, and tries again after times that double', (_what, costs) => {
    const block = silent();
    costs(block);
    block.looks(6, quiet);
    const starts: number[] = [];
    for (let tick = 0; tick < 5 * 500; tick++) {
      if (block.look(busy)?.kind === 'grow') starts.push(block.nowMs / 1000);
      expect(block.state.bytes).toBeLessThanOrEqual(96 * KiB);
    }
    const waits = starts.slice(1).map((start, at) => Math.round((start - starts[at]) / 10));
    expect(waits).toEqual([3, 6, 12, 24].slice(0, waits.length));
    expect(waits.length).toBeGreaterThanOrEqual(3);
    expect(block.state.bytes).toBe(64 * KiB);
  });

  it('takes the first growth back, too, since it waits until it knows what requests cost', () => {
    const block = silent();
    block.acquireShare = (bytes) => (bytes > 64 * KiB ? 0.1 : 0.02);
    expect(block.looks(12, busy)).toEqual(['grow 96', 'return 64']);
    const working = new Played();
    working.acquireShare = block.acquireShare;
    expect(working.looks(1.2, busy)).toEqual([]);
    expect(working.state.trial).toBe(null);
  });

  it('keeps growth where requests take too little of the time to matter, whatever they do', () => {
    const block = silent();
    block.acquireShare = (bytes) => 0.0005 * (bytes / (64 * KiB));
    block.p99 = (bytes) => bytes * 10;
    block.looks(6, quiet);
    expect(block.looks(120, busy)).toEqual(STEPS);
  });

  it.each([
    ['share', { mostShareRise: 5 }],
    ['floor', { leastShare: 0.5 }],
  ])('goes by the %s that it was given', (_what, given) => {
    const block = silent();
    block.acquireShare = (bytes) => (bytes > 64 * KiB ? 0.04 : 0.02);
    block.looks(6, quiet);
    for (let tick = 0; tick < 100; tick++) block.look(busy, { ...policy, ...given });
    expect(block.state.bytes).toBeGreaterThan(96 * KiB);
  });
});

describe('with requests that take a twentieth of the time, a block', () => {
  /** Requests are fewer the larger blocks are. */
  const falling = (bytes: number): number => (0.06 * 64 * KiB) / bytes;

  it('grows though the CPU is not busy, says why, and does not go back and forth', () => {
    const block = silent();
    block.acquireShare = falling;
    let first: string | undefined;
    const changes: string[] = [];
    for (let tick = 0; tick < 5 * 3600; tick++) {
      const change = block.look(quiet);
      if (change === null) continue;
      first ??= change.reason;
      changes.push(change.kind);
    }
    expect(first).toBe('Requests take 6.0 % of the busy time, and no work is reported: 64 KiB to 96 KiB');
    expect(changes).toEqual(['grow']);
    expect(block.state.bytes).toBe(96 * KiB);
  });

  it('goes on trial where work is reported, and stays unless it plainly does less', () => {
    const rate = (bytes: number): number => 1e6 * (1 - falling(bytes));
    const gains = (share: boolean): string[] => {
      const block = new Played();
      block.rate = rate;
      if (share) block.acquireShare = falling;
      return block.looks(60, share ? quiet : busy);
    };
    // A third less of 6 % is 2.1 % more work; a fifth less of 5.5 % is too little by itself.
    expect(gains(true)[0]).toBe('grow 96');
    const block = new Played();
    block.acquireShare = (bytes) => (bytes > 64 * KiB ? 0.045 : 0.055);
    block.rate = (bytes) => 1e6 * (1 - block.acquireShare(bytes));
    expect(block.looks(30, quiet)).toEqual(['grow 96']);
    expect(block.state.bytes).toBe(96 * KiB);
    const blind = new Played();
    blind.rate = block.rate;
    expect(blind.looks(30, busy)).toEqual(['grow 96', 'return 64']);
    const harmed = new Played();
    harmed.acquireShare = block.acquireShare;
    harmed.rate = (bytes) => 1e6 * (bytes > 64 * KiB ? 0.98 : 1);
    expect(harmed.looks(30, quiet)).toEqual(['grow 96', 'return 64']);
  });

  it('takes back what a trial kept, if requests cost more then', () => {
    const block = new Played();
    block.rate = (bytes) => 1e6 * bytes ** 0.2;
    block.acquireShare = (bytes) => (bytes > 64 * KiB ? 0.1 : 0.02);
    block.looks(4, quiet);
    expect(block.looks(12, busy)).toEqual(['grow 96', 'return 64']);
  });

  it('forgets growth that is still to be judged when pressure comes', () => {
    const block = silent();
    block.acquireShare = () => 0.02;
    block.looks(4, quiet);
    for (let tick = 0; tick < 50 && block.state.grown === null; tick++) block.look(busy);
    expect(block.state.grown?.baseBytes).toBe(64 * KiB);
    block.look({ ...busy, ...elevated });
    expect(block.state.grown).toBe(null);
  });
});

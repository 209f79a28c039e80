import { describe, expect, it } from 'vitest';
import { KiB, MiB } from '../../src/bytes.ts';
import { DEFAULT_TIERS } from '../../src/pool/tiers.ts';
import type { Decision } from '../../src/regulation/decision.ts';
import { hoard } from '../coordinator/ports.ts';
import { LARGE, MEDIUM } from '../stand.ts';
import { start } from './regulated.ts';

const kinds = (decisions: readonly Decision[]): string[] => decisions.map(({ kind }) => kind);

describe('pressure', () => {
  it('shrinks the block and frees what nobody needed since the last look, and keeps what was', () => {
    const { main, shards, pass, ledger, decisions, told, regulator } = start({ budgetBytes: 32 * MiB });
    hoard(shards[0], MEDIUM, 6);
    pass(200);
    const leases = main.acquireAll(Array.from({ length: 26 }, () => LARGE));
    // Of six idle ones two are needed all the time.
    for (let at = 0; at < 4; at++) {
      hoard(shards[0], MEDIUM, 2);
      pass(50);
    }
    expect(told).toEqual(['nominal to elevated']);
    expect(kinds(decisions)).toEqual(['trim', 'shrink']);
    expect(decisions[0].bytes).toBe(4 * MEDIUM);
    expect(shards[0].idleCounts[1]).toBe(2);
    expect(ledger.header.blockBytes).toBe(48 * KiB);
    expect(regulator.block.bytes).toBe(48 * KiB);
    for (const lease of leases) lease.release();
    main.idle.clear([0, 0, 100]);
    pass(400);
    expect(told).toEqual(['nominal to elevated', 'elevated to nominal']);
    expect(regulator.pressure.secondsAtLevel).toMatchObject({ elevated: 0.2, high: 0, critical: 0 });
  });

  it('gives no shard quota that would fill up again', () => {
    const { main, shards, quotas, coordinator, pass } = start({
      budgetBytes: 32 * MiB,
      tiers: DEFAULT_TIERS.map((tier) => ({ ...tier, maxIdle: 12 })) as never,
    });
    coordinator.cleanup.lowerQuota(shards[1].row, 1, 2);
    const leases = main.acquireAll(Array.from({ length: 26 }, () => LARGE));
    pass(200);
    hoard(shards[0], MEDIUM, 8);
    pass(100);
    expect(quotas.of(shards[0].row)[1]).toBe(4);
    for (const lease of leases) lease.release();
    pass(200);
    hoard(shards[0], MEDIUM, 8);
    pass(100);
    expect(quotas.of(shards[0].row)[1]).toBeGreaterThan(4);
  });

  it('of process memory has its effect once, and counts again only after it rose', () => {
    const { pass, told, now, regulator } = start();
    now.processShare = 0.9;
    pass(400);
    expect(regulator.pressure).toMatchObject({ level: 'high', processLevel: 'high', ledgerLevel: 'nominal' });
    pass(5200);
    expect(regulator.pressure.level).toBe('nominal');
    now.processShare = 0.93;
    pass(200);
    expect(told).toEqual(['nominal to high', 'high to nominal', 'nominal to high']);
  });

  it('of process memory goes on clearing what lies unused after it was spent', () => {
    const { shards, pass, now, regulator } = start();
    now.processShare = 0.9;
    pass(6000);
    expect(regulator.pressure.level).toBe('nominal');
    hoard(shards[0], MEDIUM, 6);
    pass(600);
    expect([regulator.pressure.level, shards[0].idleCounts[1]]).toEqual(['nominal', 0]);
  });

  it('leaves fixed blocks alone', () => {
    const { main, pass, ledger, decisions } = start({ budgetBytes: 32 * MiB, sizing: 'fixed' });
    main.acquireAll(Array.from({ length: 28 }, () => LARGE));
    pass(2000);
    expect([ledger.header.blockBytes, kinds(decisions)]).toEqual([64 * KiB, []]);
  });
});

describe('an emergency', () => {
  it('empties shards, holds new tasks and the largest requests, and undoes all that when it ends', () => {
    const { main, shards, coordinator, quotas, pass, ledger, admission, decisions, told, regulator } = start({
      budgetBytes: 32 * MiB,
    });
    const before = [...quotas.of(shards[0].row)];
    hoard(shards[0], LARGE, 4);
    pass(200);
    const leases = main.acquireAll(Array.from({ length: 27 }, () => LARGE));
    pass(150);
    // What a shard has not answered for when it begins is dropped at the next look.
    coordinator.cleanup.lowerQuota(shards[0].row, 1, 1);
    pass(50);
    expect(regulator.pressure).toMatchObject({ level: 'critical', emergency: true });
    expect(quotas.of(shards[0].row)[1]).toBe(before[1] - 1);
    pass(200);
    // The main thread, which uses many, was left one, and did not use it.
    expect(kinds(decisions)).toEqual(['emergency', 'shrink', 'trim']);
    expect([shards[0].idleCounts[2], quotas.of(shards[0].row)]).toEqual([0, [0, 0, 0]]);
    expect(ledger.header.critical).toBe(true);
    admission.enter(1, 0);
    expect(admission.admits(0)).toBe(false);
    for (const lease of leases.splice(0, 8)) lease.release();
    main.idle.clear([0, 0, 100]);
    pass(800);
    expect(regulator.pressure.emergency).toBe(false);
    expect(told.at(-1)).toBe('recovered in 1000 ms');
    expect([ledger.header.critical, admission.admits(0)]).toEqual([false, true]);
    pass(100);
    // Its four large buffers had gone to the main thread, with their places.
    expect(quotas.of(shards[0].row)).toEqual([before[0], before[1] - 1, before[2] - 4]);
    expect(regulator.recoveries).toEqual({ emergencies: 1, recovered: 1, recoverySuccessRate: 1 });
  });

  it.each([
    { holds: 'most of it outside of tasks', leased: 31, idle: 0, lent: 0, held: false },
    { holds: 'a part of it outside of tasks', leased: 27, idle: 0, lent: 0, held: true },
    { holds: 'much, but idle', leased: 20, idle: 8, lent: 0, held: true },
    { holds: 'much, but lent to tasks', leased: 28, idle: 0, lent: 8, held: true },
  ])('holds tasks back from its first look on, where that can help: the main thread holds $holds', (world) => {
    const { leased, idle, lent, held } = world;
    const { main, shards, coordinator, pass, admission, regulator } = start({ budgetBytes: 32 * MiB });
    hoard(main, LARGE, leased + idle);
    main.acquireAll(Array.from({ length: leased }, () => LARGE));
    shards[0].acquireAll(Array.from({ length: 31 - leased - idle }, () => LARGE));
    coordinator.loans.open(lent * MiB);
    admission.enter(1, 0);
    pass(200);
    expect([regulator.pressure.emergency, admission.admits(0)]).toEqual([true, !held]);
    // Who holds it may change while it goes on.
    coordinator.loans.open(main.charged * KiB);
    pass(200);
    expect([regulator.pressure.emergency, admission.admits(0)]).toEqual([true, false]);
  });

  it('keeps memory from growing back until it is over, also where pressure is', () => {
    const { main, coordinator, pass, regulator } = start({ budgetBytes: 32 * MiB });
    const leases = main.acquireAll(Array.from({ length: 31 }, () => LARGE));
    pass(200);
    for (const lease of leases) lease.release();
    pass(200);
    expect(regulator.pressure).toMatchObject({ level: 'nominal', emergency: true });
    expect(coordinator.scarce).toBe(true);
    expect(regulator.recoveries).toEqual({ emergencies: 1, recovered: 0, recoverySuccessRate: 1 });
    pass(800);
    expect([regulator.pressure.emergency, coordinator.scarce]).toEqual([false, false]);
  });

  it('ends with the runtime, without having recovered', () => {
    const { main, pass, ledger, now, regulator } = start({ budgetBytes: 32 * MiB });
    main.acquireAll(Array.from({ length: 31 }, () => LARGE));
    pass(200);
    regulator.close(now.ms);
    expect(ledger.header.critical).toBe(false);
    expect(regulator.recoveries).toEqual({ emergencies: 1, recovered: 0, recoverySuccessRate: 0 });
    // Nothing is looked at any more.
    pass(5000);
    expect([ledger.header.critical, regulator.recoveries.emergencies]).toEqual([false, 1]);
  });
});

describe('demand', () => {
  it('is followed down to a retained minimum by time alone, while no one allocates', () => {
    const { shards, quotas, pass, stand, decisions } = start({ budgetBytes: 64 * MiB });
    hoard(shards[0], MEDIUM, 160);
    pass(61_000);
    expect(stand.used()).toBe(160 * 64);
    pass(120_000);
    // A sixteenth of 500, shared by three.
    expect([quotas.of(shards[0].row)[1], shards[0].idleCounts[1], stand.used()]).toEqual([10, 10, 640]);
    expect(new Set(kinds(decisions))).toEqual(new Set(['trim']));
    // What was told is told once.
    pass(61_000);
    const { length } = decisions;
    pass(61_000);
    expect(decisions).toHaveLength(length);
    // A burst after the silence finds those, and has its quota back soon.
    hoard(shards[0], MEDIUM, 40);
    pass(100);
    hoard(shards[0], MEDIUM, 40);
    pass(100);
    expect(quotas.of(shards[0].row)[1]).toBeGreaterThanOrEqual(40);
  });
});

describe('CPU load', () => {
  it('grows blocks where more work is done for each second of CPU, and says how it turned out', () => {
    const { ledger, now, pass, decisions, judged, regulator } = start({ budgetBytes: 64 * MiB });
    now.busy = 1;
    for (let at = 0; at < 300; at++) pass(50, 1e6 * (1 + Math.log2(ledger.header.blockBytes / KiB)));
    expect(decisions[0]).toMatchObject({ kind: 'grow', blockBytes: 96 * KiB });
    expect(ledger.header.blockBytes).toBeGreaterThan(64 * KiB);
    const [, second] = judged;
    expect(second).toMatchObject({ kind: 'grow', score: { verdict: 'good', regret: 0 } });
    expect(second.score?.throughputRatio).toBeGreaterThan(1.02);
    expect(regulator.decisions.counts.grow).toBe(kinds(decisions).filter((kind) => kind === 'grow').length);
  });

  it('grows them step by step for jobs that report no work, to the most', () => {
    const { ledger, now, pass, decisions } = start({ budgetBytes: 64 * MiB });
    now.busy = 1;
    pass(60_000);
    expect(ledger.header.blockBytes).toBe(MiB);
    expect(decisions.map(({ reason }) => reason)[0]).toBe(
      'CPU load is 100.0 %, and no work is reported: 64 KiB to 96 KiB',
    );
  });

  it('grows them to the longest that any thread would work in, and no further', () => {
    const { shards, ledger, now, pass } = start({ budgetBytes: 64 * MiB });
    now.busy = 1;
    const [one, other] = shards.map(({ row }) => ledger.row(row));
    one.longestBlockBytes = 100_000;
    other.longestBlockBytes = 128_000;
    pass(30_000);
    expect(ledger.header.blockBytes).toBe(128_000);
    one.longestBlockBytes = Number.POSITIVE_INFINITY;
    pass(60_000);
    expect(ledger.header.blockBytes).toBe(MiB);
  });
});

it.each<[string, object, object]>([
  ['grown blocks', { busy: 1 }, { busy: 0 }],
  ['an emergency', { processShare: 0.95 }, { processShare: 0 }],
])('after %s looks find something to do by themselves, until all is as before and judged', (_what, then, later) => {
  const { ledger, regulator, now, pass, decisions, judged } = start({ budgetBytes: 64 * MiB });
  pass(1000);
  expect(regulator.unsettled).toBe(false);
  Object.assign(now, then);
  pass(8000);
  expect(regulator.unsettled).toBe(true);
  Object.assign(now, later);
  pass(120_000);
  expect([regulator.unsettled, ledger.header.blockBytes]).toEqual([false, 64 * KiB]);
  expect(judged).toHaveLength(decisions.length);
});

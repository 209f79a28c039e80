import { describe, expect, it } from 'vitest';
import type { Lease } from '../../src/pool/lease.ts';
import { LARGE, MEDIUM, makeShard, SMALL, type TestShard } from '../stand.ts';
import { coded } from './coded.ts';

describe('what lies in the mailbox', () => {
  it.each<[string, (shard: TestShard, lease: Lease) => void]>([
    ['an acquire', (shard) => shard.acquire(MEDIUM)],
    ['a release', (_shard, lease) => lease.release()],
    ['the start of a task', (shard) => shard.leases.beginTask(1)],
    ['the end of a task', (shard) => void shard.leases.endTask()],
  ])('is handled at %s, and a release follows it at once', (_when, happen) => {
    const { shard } = makeShard({ safety: 'off' });
    for (const lease of shard.acquireAll([SMALL, MEDIUM])) lease.release();
    const lease = shard.acquire(SMALL);
    shard.supply.post(() => void shard.idle.setQuota(0, 0));
    happen(shard, lease);
    expect(shard.supply.mail).toEqual([]);
    lease[Symbol.dispose]();
    expect([shard.charged, shard.idleCounts[0]]).toEqual([64, 0]);
  });
});

describe('keeping and freeing', () => {
  it('keeps idle memory up to the quota and frees the rest at once', () => {
    const { shard, stand } = makeShard({}, { quotas: [2, 1, 0] });
    const leases = shard.acquireAll([SMALL, SMALL, SMALL, MEDIUM, MEDIUM, LARGE]);
    const buffers = leases.map((lease) => lease.bytes.buffer);
    for (const lease of leases) lease.release();
    expect(shard.idleCounts).toEqual([2, 1, 0]);
    expect(stand.used()).toBe(2 * 4 + 64);
    expect(buffers.every((buffer) => buffer.detached)).toBe(true);
  });

  it('frees what is over a lowered quota, and trims largest first', () => {
    const { shard, stand } = makeShard();
    for (const lease of shard.acquireAll([SMALL, SMALL, MEDIUM, LARGE])) lease.release();
    shard.idle.setQuota(0, 1);
    expect(stand.used()).toBe(4 + 64 + 1024);
    expect(shard.idle.trim(1)).toBe(1024);
    expect(shard.idle.trim(65)).toBe(68);
    expect(stand.used()).toBe(0);
  });

  it('lends nothing and keeps nothing once it is closed', () => {
    const { shard, stand } = makeShard();
    const lease = shard.acquire(SMALL);
    const pinned = shard.acquire(SMALL).pin();
    shard.acquire(MEDIUM).release();
    expect(shard.close()).toHaveLength(2);
    expect(() => lease.release()).toThrow(coded('ERR_LEASE_RELEASED'));
    expect(() => shard.acquire(1)).toThrow(coded('ERR_RUNTIME_CLOSED'));
    expect(() => shard.acquireAll([1])).toThrow(coded('ERR_RUNTIME_CLOSED'));
    expect(stand.used()).toBe(4);
    pinned.release();
    expect(stand.used()).toBe(0);
  });

  it('times one hit in so many with its weight, and every other step always', () => {
    const { shard } = makeShard({ safety: 'off', sampleEvery: 10 });
    shard.acquire(SMALL).release();
    for (let hit = 0; hit < 100; hit++) shard.acquire(SMALL).release();
    const hits = shard.recorded.filter(({ cause }) => cause === 'hit');
    expect(shard.recorded[0]).toMatchObject({ cause: 'fresh', weight: 1 });
    expect(hits.map(({ weight }) => weight)).toEqual(Array.from({ length: 10 }, () => 10));
  });
});

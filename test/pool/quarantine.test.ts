import { markAsUntransferable } from 'node:worker_threads';
import { describe, expect, it } from 'vitest';
import { pack } from '../../src/messages/cargo.ts';
import type { Lease } from '../../src/pool/lease.ts';
import { Store } from '../../src/pool/store.ts';
import { MARKS_HOLD } from '../marks.ts';
import { MEDIUM, makeShard, SMALL, type TestShard } from '../stand.ts';
import { coded } from './coded.ts';

describe('a pin', () => {
  it.each([
    'off',
    'full',
  ] as const)('blocks release, move and growth until the last one ends, at safety %s', (safety) => {
    const { shard } = makeShard({ safety });
    shard.acquire(SMALL).release();
    const lease = shard.acquire(SMALL);
    const pins = [lease.pin(), lease.pin()];
    for (const pin of pins) {
      expect(() => lease.release()).toThrow(coded('ERR_LEASE_PINNED'));
      expect(() => shard.leases.detach(lease)).toThrow(coded('ERR_LEASE_PINNED'));
      expect(() => lease.resize(MEDIUM)).toThrow(coded('ERR_LEASE_PINNED'));
      lease.resize(10);
      pin.release();
      pin.release();
    }
    lease.release();
    expect(shard.idleCounts[0]).toBe(1);
  });

  it('holds memory beyond the end of its task: charged, in no list, and back when it ends', () => {
    const { shard, stand } = makeShard();
    shard.leases.beginTask(1);
    const lease = shard.acquire(SMALL);
    const view = lease.bytes;
    const pin = lease.pin();
    expect(shard.leases.endTask()).toMatchObject({ leaks: [], pinned: 1 });
    expect(() => lease.bytes).toThrow(coded('ERR_LEASE_RELEASED'));
    // Native code still writes here.
    expect(view.length).toBe(SMALL);
    expect([stand.used(), shard.idleCounts[0]]).toEqual([4, 0]);
    pin.release();
    expect([stand.used(), shard.idleCounts[0], view.length]).toEqual([4, 1, 0]);
  });

  it('sends a loan home when it ends after its task', () => {
    const { shard } = makeShard();
    shard.leases.beginTask(1);
    const lease = shard.leases.lend(new Store(new ArrayBuffer(SMALL), 0, 77), 10, 0);
    const pin = lease.pin();
    expect(shard.leases.endTask()).toMatchObject({ homebound: [], pinned: 1 });
    pin.release();
    expect(shard.supply.returned.map((store) => store.loan)).toEqual([77]);
  });

  it('leaves nothing in a loan that comes home late, where scrub is on', () => {
    const { shard } = makeShard({ scrub: true });
    shard.leases.beginTask(1);
    const lease = shard.leases.lend(new Store(new ArrayBuffer(SMALL), 0, 77), 10, 0);
    lease.bytes.fill(7);
    const pin = lease.pin();
    shard.leases.endTask();
    pin.release();
    expect(shard.supply.returned[0].bytes.every((byte) => byte === 0)).toBe(true);
  });

  it('is given up when the shard closes for good, and its end changes nothing then', () => {
    const { shard, stand } = makeShard();
    const pin = shard.acquire(SMALL).pin();
    shard.close();
    expect(stand.used()).toBe(4);
    shard.abandon();
    pin.release();
    expect([stand.used(), shard.idleCounts[0]]).toEqual([0, 0]);
  });
});

describe('memory that cannot be transferred', () => {
  /** A lease whose buffer somebody else marked. */
  function marked(shard: TestShard): Lease {
    const lease = shard.acquire(SMALL);
    markAsUntransferable(lease.bytes.buffer);
    return lease;
  }

  it.runIf(MARKS_HOLD)('is kept until it should be freed, and is then in quarantine and charged', () => {
    const { shard, stand } = makeShard({ safety: 'off' });
    marked(shard).release();
    expect([stand.used(), shard.idleCounts[0]]).toEqual([4, 1]);
    shard.idle.setQuota(0, 0);
    expect([stand.used(), shard.idleCounts[0]]).toEqual([4, 0]);
    shard.close();
    expect(stand.used()).toBe(4);
    shard.abandon();
    expect(stand.used()).toBe(0);
  });

  it.runIf(MARKS_HOLD)('is in quarantine at once where its views must be detached', () => {
    const { shard, stand } = makeShard({ safety: 'full' });
    marked(shard).release();
    expect([stand.used(), shard.idleCounts[0]]).toEqual([4, 0]);
    shard.leases.beginTask(1);
    marked(shard);
    expect(shard.leases.endTask().leaks).toHaveLength(1);
    expect([stand.used(), shard.idleCounts[0]]).toEqual([8, 0]);
  });

  it('is refused to move, and its lease lives on', () => {
    const { shard } = makeShard();
    const lease = marked(shard);
    expect(() => pack({ lease }, shard)).toThrow(coded('ERR_LEASE_UNTRANSFERABLE'));
    lease.bytes.fill(1);
    lease.release();
  });
});

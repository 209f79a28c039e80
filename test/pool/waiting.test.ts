import { describe, expect, it } from 'vitest';
import { MiB } from '../../src/bytes.ts';
import { LARGE, MEDIUM, makeShard, makeStand, SMALL, type TestShard } from '../stand.ts';

describe('waiting without blocking', () => {
  it('tells of all that is missing, and of the tier of the largest', async () => {
    const { shard, stand } = makeShard({ budgetBytes: 2 * MiB });
    const held = shard.acquireAll([LARGE, LARGE]);
    const waiting = shard.acquireAllAsync([SMALL, LARGE, MEDIUM]);
    const row = stand.ledger.row(shard.row);
    expect([row.starvingKib, row.starvingTier]).toEqual([1092, 2]);
    for (const lease of held) lease.release();
    expect(await waiting).toHaveLength(3);
  });

  it('is all that a thread does which must not block: acquire refuses at once there, and says so', () => {
    const { shard, stand } = makeShard({ budgetBytes: 2 * MiB, reserveBytes: 0 });
    Object.assign(shard.supply, { canBlock: false });
    shard.acquireAll([LARGE, LARGE]);
    expect(() => shard.acquire(SMALL)).toThrow(
      expect.objectContaining({
        code: 'ERR_BUDGET_EXHAUSTED',
        message: expect.stringMatching(/0 ms\..*use acquireAsync there/),
      }),
    );
    expect([stand.clock, stand.ledger.header.starvedWord]).toEqual([0, 0]);
  });

  it('wakes the coordinator when it begins and when it is over, which clears the hunger word', () => {
    const { shard, stand } = makeShard();
    const { header } = stand.ledger;
    const row = stand.ledger.row(shard.row);
    const need = { kib: 64, tier: 1 };
    shard.supply.starve(need);
    expect([header.starvedWord, header.hungerKib, row.starvingKib]).toEqual([1, 64, 64]);
    shard.supply.fed(need);
    expect([header.starvedWord, row.starvingKib]).toEqual([2, 0]);
  });

  it("is served by another shard's release", async () => {
    const stand = makeStand({ budgetBytes: MiB }, { shards: 2, quotas: [0, 0, 0] });
    const [holder, waiter] = stand.shards;
    const held = holder.acquire(LARGE);
    const waiting = waiter.acquireAsync(LARGE);
    held.release();
    expect((await waiting).capacity).toBe(LARGE);
    expect(waiter.causes()).toEqual(['waited']);
  });

  it('makes others free what they release, instead of keeping it', async () => {
    const stand = makeStand({ budgetBytes: MiB }, { shards: 2 });
    const [holder, waiter] = stand.shards;
    const held = holder.acquire(LARGE);
    const waiting = waiter.acquireAsync(MEDIUM);
    held.release();
    expect(holder.idleCounts).toEqual([0, 0, 0]);
    (await waiting).release();
  });

  it('ends with the reason of its signal, and holds nothing then', async () => {
    const stand = makeStand({ budgetBytes: MiB }, { shards: 2 });
    const [holder, waiter] = stand.shards;
    const held = holder.acquire(LARGE);
    const controller = new AbortController();
    const waiting = waiter.acquireAllAsync([MEDIUM, SMALL], { signal: controller.signal });
    controller.abort(new Error('no longer wanted'));
    await expect(waiting).rejects.toThrow('no longer wanted');
    held.release();
    expect(waiter.charged).toBe(0);
  });

  it.each([
    ['ERR_TASK_WAITING', 'its task has ended', (shard: TestShard) => void shard.leases.endTask()],
    ['ERR_RUNTIME_CLOSED', 'the shard is closed', (shard: TestShard) => void shard.close()],
  ])('ends with %s when %s, and takes nothing then', async (code, _when, end) => {
    const stand = makeStand({ budgetBytes: MiB }, { shards: 2 });
    const [holder, waiter] = stand.shards;
    const held = holder.acquire(LARGE);
    waiter.leases.beginTask(1);
    const waiting = waiter.acquireAsync(MEDIUM);
    expect(stand.ledger.row(waiter.row).starvingKib).toBe(64);
    end(waiter);
    held.release();
    await expect(waiting).rejects.toMatchObject({ code });
    expect([waiter.charged, ...waiter.idleCounts]).toEqual([0, 0, 0, 0]);
    expect(stand.ledger.row(waiter.row).starvingKib).toBe(0);
  });

  it.each([
    ['ERR_TASK_WAITING', 'its task ends', (shard: TestShard) => void shard.leases.endTask()],
    [
      'ERR_TASK_WAITING',
      'another task has taken its place',
      (shard: TestShard) => {
        shard.leases.endTask();
        shard.leases.beginTask(2);
      },
    ],
    ['ERR_RUNTIME_CLOSED', 'the shard is closed', (shard: TestShard) => void shard.close()],
  ])('ends with %s when %s just as memory arrives, which is taken back', async (code, _when, end) => {
    const stand = makeStand({ budgetBytes: MiB }, { shards: 2 });
    const [holder, waiter] = stand.shards;
    const held = holder.acquire(LARGE);
    waiter.leases.beginTask(1);
    const waiting = waiter.acquireAllAsync([MEDIUM, SMALL]);
    // In its mailbox: seen by the very try that is served.
    waiter.supply.post(() => end(waiter));
    held.release();
    await expect(waiting).rejects.toMatchObject({ code });
    expect([waiter.charged, waiter.lent]).toEqual([waiter.idleCounts[1] * 64 + waiter.idleCounts[0] * 4, 0]);
    expect(waiter.leases.endTask().leaks).toEqual([]);
    waiter.close();
    expect([stand.used(), stand.ledger.row(waiter.row).starvingKib]).toEqual([0, 0]);
  });

  it.each([
    ['at once', 0],
    ['after a wait', MiB],
  ])('serves no lease to a shard that its mailbox closes meanwhile: %s', (_when, heldBytes) => {
    const stand = makeStand({ budgetBytes: MiB }, { shards: 2 });
    const [holder, waiter] = stand.shards;
    const held = holder.acquire(heldBytes);
    if (heldBytes === 0) waiter.supply.post(() => waiter.close());
    waiter.supply.during.push(() => {
      held.release();
      waiter.supply.post(() => waiter.close());
    });
    expect(() => waiter.acquire(MEDIUM)).toThrow(expect.objectContaining({ code: 'ERR_RUNTIME_CLOSED' }));
    expect([waiter.charged, waiter.lent, ...waiter.idleCounts]).toEqual([0, 0, 0, 0, 0]);
  });

  it('ends with the reason of its signal also where memory came free in the same turn, and takes none', async () => {
    const stand = makeStand({ budgetBytes: MiB }, { shards: 2, quotas: [0, 0, 0] });
    const [holder, waiter] = stand.shards;
    const held = holder.acquire(LARGE);
    const controller = new AbortController();
    const waiting = waiter.acquireAsync(LARGE, { signal: controller.signal });
    held.release();
    controller.abort(new Error('no longer wanted'));
    await expect(waiting).rejects.toThrow('no longer wanted');
    expect([stand.used(), waiter.lent, stand.ledger.row(waiter.row).starvingKib]).toEqual([0, 0, 0]);
  });

  it('ends with the reason of its signal also between the event that wakes it and its next try', async () => {
    const stand = makeStand({ budgetBytes: MiB }, { shards: 2, quotas: [0, 0, 0] });
    const [holder, waiter] = stand.shards;
    const held = holder.acquire(LARGE);
    const controller = new AbortController();
    waiter.supply.waitAsync = async () => {
      held.release();
      controller.abort(new Error('no longer wanted'));
    };
    const waiting = waiter.acquireAsync(LARGE, { signal: controller.signal });
    await expect(waiting).rejects.toThrow('no longer wanted');
    expect([stand.used(), waiter.lent, stand.ledger.row(waiter.row).starvingKib]).toEqual([0, 0, 0]);
  });

  it('leaves small memory in the pools of others, which would not feed it', async () => {
    const stand = makeStand({ budgetBytes: 2 * MiB }, { shards: 2 });
    const [holder, waiter] = stand.shards;
    const leases = holder.acquireAll([LARGE, MEDIUM, SMALL]);
    const waiting = waiter.acquireAsync(2 * MiB, { timeoutMs: 1 });
    for (const lease of leases) lease.release();
    expect(holder.idleCounts).toEqual([1, 1, 0]);
    stand.clock += 1e9;
    await expect(waiting).rejects.toMatchObject({ code: 'ERR_BUDGET_EXHAUSTED' });
  });

  it.each([
    { needKib: 16 * 64, kept: [1, 0, 0] },
    { needKib: 16 * 64 + 1, kept: [1, 1, 0] },
  ])('for $needKib KiB gets what of a kind would feed it with 16: idle stay $kept', ({ needKib, kept }) => {
    const stand = makeStand({ budgetBytes: 4 * MiB, safety: 'off' }, { shards: 2 });
    const [holder, waiter] = stand.shards;
    // On memory that is lent anew a release is at its quickest.
    for (const lease of holder.acquireAll([LARGE, MEDIUM, SMALL])) lease.release();
    const leases = [LARGE, MEDIUM, SMALL].map((size) => holder.acquire(size));
    waiter.supply.starve({ kib: needKib, tier: 3 });
    for (const lease of leases) lease.release();
    expect(holder.idleCounts).toEqual(kept);
  });

  it.each([-1, 2 ** 31, Number.NaN, Number.POSITIVE_INFINITY])('refuses to wait %d ms', async (timeoutMs) => {
    const { shard } = makeShard();
    const refused = expect.objectContaining({ code: 'ERR_INVALID_ARGUMENT' });
    await expect(shard.acquireAsync(1, { timeoutMs })).rejects.toEqual(refused);
    expect(() => shard.acquire(1, { timeoutMs })).toThrow(refused);
  });

  it.each([0, 2 ** 31 - 1])('waits %d ms where that is asked', async (timeoutMs) => {
    const { shard } = makeShard();
    expect((await shard.acquireAsync(1, { timeoutMs })).capacity).toBe(SMALL);
  });
});

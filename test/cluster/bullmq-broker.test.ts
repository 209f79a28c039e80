import { describe, expect, it } from 'vitest';
import { connectBullMq } from '../../src/cluster/bullmq-broker.ts';
import { ProcessFaults, whyNoFaults } from './process-faults.ts';
import { RedisServer, whyNoRedis } from './redis.ts';

const LOCK_MS = 1000;
const noFaults = whyNoFaults();

describe.skipIf(whyNoRedis() !== null)('the broker', () => {
  it('that is away is not waited for, and hosts may leave', async () => {
    const server = await RedisServer.start();
    const broker = await connectBullMq({ url: server.url, prefix: 'away', lockMs: LOCK_MS, stalledMs: 200 });
    await broker.put('batch', [{ round: 0, page: 0 }]);
    const held = await broker.take('batch', 'token');
    await server.kill();
    await expect
      .poll(() =>
        broker.batches().then(
          () => 'there',
          () => 'away',
        ),
      )
      .toBe('away');
    await expect(broker.take('batch', 'other')).rejects.toThrow();
    await expect(broker.renew([held!])).rejects.toThrow();
    await broker[Symbol.asyncDispose]();
    await server[Symbol.asyncDispose]();
  });

  it('that never was there is named without its password', async () => {
    const options = { prefix: 'p', lockMs: LOCK_MS, stalledMs: 200 };
    const refused = connectBullMq({ url: 'redis://me:secret@127.0.0.1:1', ...options });
    await expect(refused).rejects.toMatchObject({
      code: 'ERR_BROKER_UNREACHABLE',
      message: expect.not.stringContaining('secret'),
    });
  });

  it('that knows another password is not asked again and again', async () => {
    await using server = await RedisServer.start();
    const client = server.client();
    await client.config('SET', 'requirepass', 'secret');
    client.disconnect();
    const url = server.url.replace('//', '//:other@');
    let complaints = 0;
    const connected = connectBullMq({
      ...{ url, prefix: 'p', lockMs: LOCK_MS, stalledMs: 100 },
      complain: () => complaints++,
    });
    await expect(connected).rejects.toMatchObject({
      code: 'ERR_BROKER_UNREACHABLE',
      message: expect.stringMatching(/WRONGPASS/),
    });
    expect(complaints).toBe(1);
  });

  it('gives a page to one, keeps what is put there twice, and gives it again when its lock has ended', async () => {
    await using server = await RedisServer.start();
    await using broker = await connectBullMq({
      url: server.url,
      prefix: 'p',
      lockMs: LOCK_MS,
      stalledMs: 100,
    });
    const ref = { round: 0, page: 7 };
    await broker.put('batch', [ref, ref]);
    await broker.put('batch', [ref]);
    expect(await broker.counts('batch')).toEqual({ waiting: 1, held: 0 });
    const first = await broker.take('batch', 'one');
    expect(first).toEqual({ batch: 'batch', ref, token: 'one' });
    expect(await broker.take('batch', 'two')).toBeNull();
    await broker.put('batch', [ref]);
    expect(await broker.counts('batch')).toEqual({ waiting: 0, held: 1 });
    expect(await broker.renew([first!])).toEqual([]);
    await expect.poll(async () => (await broker.take('batch', 'three'))?.ref ?? null).toEqual(ref);
    expect(await broker.renew([first!])).toEqual([first]);
    expect(await broker.done(first!)).toBe(false);
    expect(await broker.counts('batch')).toEqual({ waiting: 0, held: 1 });
  });

  it.skipIf(noFaults !== null)(
    'whose clock is set gives away what is not renewed, and only that',
    async () => {
      using faults = new ProcessFaults();
      await using server = await RedisServer.start(faults);
      const options = { url: server.url, prefix: 'p', lockMs: LOCK_MS, stalledMs: 100 };
      await using broker = await connectBullMq(options);
      const refs = [0, 1].map((page) => ({ round: 0, page }));
      await broker.put('batch', refs);
      const kept = await broker.take('batch', 'kept');
      const left = await broker.take('batch', 'left');
      expect(await broker.mayLook('batch', 'dead')).toBe(true);
      // Whatever Redis keeps for a time would be kept for a day.
      server.setClock(-86_400);
      await expect
        .poll(async () => {
          expect(await broker.renew([kept!])).toEqual([]);
          return (await broker.take('batch', 'other'))?.ref;
        })
        .toEqual(left?.ref);
      await expect.poll(() => broker.mayLook('batch', 'other')).toBe(true);
      // Whatever it keeps has ended.
      server.setClock(0);
      const again = new Set<number>();
      const takeOne = async () => {
        const taken = await broker.take('batch', `${again.size}`);
        if (taken !== null) again.add(taken.ref.page);
        return again.size;
      };
      await expect.poll(takeOne).toBe(2);
      expect(await broker.renew([kept!])).toEqual([kept]);
    },
  );

  it('names batches, and leaves out what somebody else has put among them', async () => {
    await using server = await RedisServer.start();
    const complaints: string[] = [];
    await using broker = await connectBullMq({
      ...{ url: server.url, prefix: 'p', lockMs: LOCK_MS, stalledMs: 100 },
      complain: (message) => complaints.push(message),
    });
    const batch = { id: 'batch', folder: '/out', weight: 2, priority: 0, submittedMs: 1, engine: null };
    await broker.announce(batch);
    expect(await broker.batches()).toEqual([batch]);
    expect(complaints).toEqual([]);
    const client = server.client();
    const others = ['', '{', 'null', '[]', '{"id":1}', JSON.stringify({ ...batch, weight: 'x' })];
    for (const [at, text] of others.entries()) await client.hset('p:batches', `${at}`, text);
    client.disconnect();
    expect(await broker.batches()).toEqual([batch]);
    expect(complaints).toHaveLength(1);
  });

  it('gives a page that came back before all others', async () => {
    await using server = await RedisServer.start();
    await using broker = await connectBullMq({
      url: server.url,
      prefix: 'p',
      lockMs: 60_000,
      stalledMs: 100,
    });
    await broker.put(
      'batch',
      [0, 1, 2].map((page) => ({ round: 0, page })),
    );
    const first = await broker.take('batch', 'one');
    expect(first?.ref.page).toBe(0);
    expect(await broker.giveBack(first!)).toBe(true);
    expect((await broker.take('batch', 'two'))?.ref.page).toBe(0);
    await broker.forget('batch');
    expect(await broker.counts('batch')).toEqual({ waiting: 0, held: 0 });
  });
});

it.runIf(noFaults !== null)(`a broker whose clock is set is not tested: ${noFaults}`, () => {});

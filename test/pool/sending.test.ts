import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, request, type ServerResponse } from 'node:http';
import net, { type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough, type Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { afterAll, afterEach, describe, expect, it } from 'vitest';
import { MiB } from '../../src/bytes.ts';
import { Store } from '../../src/pool/store.ts';
import { makeShard } from '../stand.ts';
import { coded } from './coded.ts';
import { filled, is, marked, same, useAgain } from './marked.ts';

const scratch = mkdtempSync(join(tmpdir(), 'millpond-sending-'));
afterAll(() => rmSync(scratch, { recursive: true }));
const place = (name: string): string => join(scratch, name);

const after: (() => unknown)[] = [];
afterEach(async () => {
  for (const end of after.splice(0)) await end();
});

/** Two ends of a UNIX socket, which holds a fifth of a megabyte; the reader waits until it is to read. */
async function connected(): Promise<{ writer: Socket; reader: Socket }> {
  const server = net.createServer({ pauseOnConnect: true }).listen(place('socket'));
  await once(server, 'listening');
  const writer = net.connect(place('socket'));
  const [reader] = await once(server, 'connection');
  server.close();
  reader.on('error', () => {});
  after.push(() => writer.destroy() && reader.destroy());
  return { writer, reader };
}

/** A response of a server on a UNIX socket, and what its client gets once it reads. */
async function responding(): Promise<{ response: ServerResponse; client: () => Promise<Socket & Readable> }> {
  const server = createServer().listen(place('http'));
  await once(server, 'listening');
  const asked = request({ socketPath: place('http'), agent: false }).end();
  asked.on('error', () => {});
  const [, response] = await once(server, 'request');
  after.push(
    () => server.closeAllConnections(),
    () => server.close(),
  );
  return { response, client: async () => (await once(asked, 'response'))[0] };
}

describe('a lease that is written to a socket', () => {
  it.each([
    'after it was sent',
    'at once',
  ])('comes whole to a slow reader, 30 of 30 times, when it is released %s and used again', async (when) => {
    const { shard } = makeShard({ safety: 'off' });
    const { writer, reader } = await connected();
    const got = buffer(reader);
    let right = 0;
    for (let mark = 1; mark <= 30; mark++) {
      const lease = filled(shard, MiB - mark, mark);
      const sent = lease.writeTo(writer);
      if (when === 'at once') lease.release();
      expect(shard.idleCounts[2]).toBe(0);
      // What the reader's end holds is full long before.
      await new Promise(setImmediate);
      await sent;
      if (when !== 'at once') lease.release();
      expect(shard.idleCounts[2]).toBe(1);
      useAgain(shard);
    }
    writer.end();
    let rest = await got;
    for (let mark = 1; mark <= 30; mark++) {
      if (same(rest.subarray(0, MiB - mark), marked(MiB - mark, mark))) right++;
      rest = rest.subarray(MiB - mark);
    }
    expect([right, rest.length]).toEqual([30, 0]);
  });

  it('is not copied', async () => {
    const { shard } = makeShard();
    const { writer, reader } = await connected();
    const sent = shard.acquire(MiB).writeTo(writer);
    expect(writer.writableLength).toBe(MiB);
    reader.resume();
    await sent;
  });

  it('comes in order with others that were written before it had gone', async () => {
    const { shard } = makeShard({ safety: 'off' });
    const { writer, reader } = await connected();
    const got = buffer(reader);
    const sent = [1, 2, 3, 4].map(async (mark) => {
      using lease = filled(shard, MiB, mark);
      await lease.writeTo(writer);
    });
    await Promise.all(sent);
    expect([writer.listenerCount('close'), writer.listenerCount('error')]).toEqual([0, 0]);
    writer.end();
    const all = await got;
    for (const mark of [1, 2, 3, 4]) expect(all.subarray((mark - 1) * MiB, mark * MiB)).toSatisfy(is(mark));
  });

  it.each([
    [
      'the other side goes',
      ({ reader }) => reader.destroy(),
      { code: expect.stringMatching('EPIPE|ECONNRESET') },
    ],
    ['it is destroyed', ({ writer }) => writer.destroy(), { code: 'ECANCELED' }],
    [
      'it is destroyed with an error',
      ({ writer }) => writer.destroy(new Error('no more')),
      { message: 'no more' },
    ],
  ] as [
    string,
    (ends: { writer: Socket; reader: Socket }) => void,
    object,
  ][])('is refused when %s, and free no sooner than the socket is through with it', async (_how, end, cause) => {
    const { shard } = makeShard({ safety: 'off' });
    const ends = await connected();
    const { writer } = ends;
    const lease = filled(shard, MiB, 1);
    /** Idle memory as long after an error as nothing waits for the system. */
    const idleThen = async (): Promise<number> => {
      for (let turn = 0; turn < 100; turn++) await undefined;
      return shard.idleCounts[2];
    };
    const idle: Promise<number>[] = [];
    writer.once('error', () => idle.push(idleThen()));
    const sent = lease.writeTo(writer);
    const next = filled(shard, MiB, 2);
    const sentNext = next.writeTo(writer);
    lease.release();
    const failed = [sent, sentNext].map((promise) =>
      expect(promise).rejects.toMatchObject({ code: 'ERR_WRITE_FAILED', cause }),
    );
    await new Promise(setImmediate);
    end(ends);
    await Promise.all(failed);
    expect(await Promise.all(idle)).not.toContain(1);
    expect(shard.idleCounts[2]).toBe(1);
    next.release();
    expect(shard.idleCounts[2]).toBe(2);
  });

  it('is given up by a signal, which destroys the socket', async () => {
    const { shard } = makeShard();
    const { writer } = await connected();
    const stop = new AbortController();
    const lease = filled(shard, MiB, 1);
    const queued = filled(shard, MiB, 2);
    const sent = lease.writeTo(writer);
    const sentNext = queued.writeTo(writer, { signal: stop.signal });
    const reason = new Error('took too long');
    const failed = [
      expect(sent).rejects.toThrow(coded('ERR_WRITE_FAILED')),
      expect(sentNext).rejects.toBe(reason),
    ];
    await new Promise(setImmediate);
    stop.abort(reason);
    await Promise.all(failed);
    expect(writer.destroyed).toBe(true);
    for (const free of [lease, queued]) free.release();
    expect(shard.idleCounts[2]).toBe(2);
  });

  it('is not written at all where the signal aborted before, or the socket has ended', async () => {
    const { shard } = makeShard();
    const { writer, reader } = await connected();
    using lease = filled(shard, 3, 1);
    const signal = AbortSignal.abort('no');
    await expect(lease.writeTo(writer, { signal })).rejects.toBe('no');
    expect([writer.destroyed, writer.writableLength]).toEqual([false, 0]);
    await lease.writeTo(writer, { signal: new AbortController().signal });
    writer.end();
    await expect(lease.writeTo(writer)).rejects.toThrow(coded('ERR_WRITE_FAILED'));
    expect(writer.destroyed).toBe(false);
    expect(await buffer(reader)).toEqual(marked(3, 1));
  });

  it('may be released meanwhile, but neither grown nor moved; one that is also pinned may not', async () => {
    const { shard, stand } = makeShard({ scrub: true });
    const { writer, reader } = await connected();
    const lease = filled(shard, MiB, 1);
    await lease.writeTo(new PassThrough().resume());
    const pin = lease.pin();
    expect(() => lease.release()).toThrow(coded('ERR_LEASE_PINNED'));
    const sent = lease.writeTo(writer);
    expect(() => lease.release()).toThrow(coded('ERR_LEASE_PINNED'));
    pin.release();
    expect(() => lease.resize(2 * MiB)).toThrow(coded('ERR_LEASE_PINNED'));
    expect(() => shard.leases.detach(lease)).toThrow(coded('ERR_LEASE_PINNED'));
    lease.release();
    expect(() => lease.bytes).toThrow(coded('ERR_LEASE_RELEASED'));
    expect([stand.used(), shard.lent, shard.ledger.row(0).counters.quarantined]).toEqual([1024, 0, 0]);
    const got = buffer(reader);
    await sent;
    expect(shard.acquire(MiB).bytes.every((byte) => byte === 0)).toBe(true);
    writer.end();
    expect(await got).toSatisfy(is(1));
  });

  it('outlives its task when it was released, and is a pin left behind when it was not', async () => {
    const { shard } = makeShard();
    const { writer, reader } = await connected();
    shard.leases.beginTask(1);
    const loan = shard.leases.lend(new Store(new ArrayBuffer(MiB), 2, 77), MiB, 2);
    const all = [loan, filled(shard, MiB, 1), filled(shard, MiB, 2)];
    const sent = all.map((lease) => lease.writeTo(writer));
    for (const lease of all.slice(0, 2)) lease.release();
    expect(shard.leases.endTask()).toEqual({ leaks: [], homebound: [], pinned: 1 });
    reader.resume();
    await Promise.all(sent);
    expect(shard.supply.returned.map((store) => store.loan)).toEqual([77]);
    expect(shard.idleCounts[2]).toBe(2);
  });
});

describe('a lease that is written to an HTTP response', () => {
  it.each([
    'of Node',
    'whose write was replaced by one that never calls back',
  ])('%s comes whole to a slow client', async (what) => {
    const { shard } = makeShard({ safety: 'off' });
    const { response, client } = await responding();
    response.writeHead(200, { 'content-length': 4 * MiB });
    const { write } = response;
    if (what !== 'of Node') response.write = (chunk: unknown) => write.call(response, chunk, 'latin1');
    const body = client().then(buffer);
    for (const mark of [1, 2, 3, 4]) {
      using lease = filled(shard, MiB, mark);
      const sent = lease.writeTo(response);
      if (what === 'of Node') expect(response.writableLength).toBeGreaterThanOrEqual(MiB);
      await sent;
      useAgain(shard);
    }
    response.end();
    const all = await body;
    for (const mark of [1, 2, 3, 4]) expect(all.subarray((mark - 1) * MiB, mark * MiB)).toSatisfy(is(mark));
  });

  it.each(['at once', 'later'])('is refused when the client goes, which shows %s', async (when) => {
    const { shard } = makeShard();
    const { response, client } = await responding();
    response.flushHeaders();
    const incoming = await client();
    using lease = filled(shard, MiB, 1);
    if (when === 'at once') response.socket?.destroy();
    const sent = expect(lease.writeTo(response)).rejects.toThrow(coded('ERR_WRITE_FAILED'));
    if (when === 'later') incoming.destroy();
    await sent;
    await expect(lease.writeTo(response)).rejects.toThrow(coded('ERR_WRITE_FAILED'));
    lease.release();
    expect(shard.idleCounts[2]).toBe(1);
  });
});

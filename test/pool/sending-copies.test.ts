import { once } from 'node:events';
import { createReadStream, createWriteStream, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { open } from 'node:fs/promises';
import net from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough, Readable, Writable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { pipeline } from 'node:stream/promises';
import { createGunzip, createGzip } from 'node:zlib';
import { afterAll, describe, expect, it } from 'vitest';
import { MiB } from '../../src/bytes.ts';
import { MEDIUM, makeShard } from '../stand.ts';
import { coded } from './coded.ts';
import { filled, is, marked, same, useAgain } from './marked.ts';

const scratch = mkdtempSync(join(tmpdir(), 'millpond-streams-'));
afterAll(() => rmSync(scratch, { recursive: true }));
const place = (name: string): string => join(scratch, name);

describe('a lease that is written to a stream which may keep what it gets', () => {
  /** Keeps its chunks, and takes its time. */
  class Keeper extends Writable {
    readonly chunks: Buffer[] = [];
    override _write(chunk: Buffer, _encoding: string, callback: () => void): void {
      this.chunks.push(chunk);
      setImmediate(callback);
    }
  }
  /** As a socket that a test made. */
  class KeepingSocket extends net.Socket {
    readonly chunks: Buffer[] = [];
    override _write(chunk: Buffer, _encoding: string, callback: () => void): void {
      this.chunks.push(chunk);
      setImmediate(callback);
    }
  }

  it.each([
    ['a stream', new Keeper()],
    ['a socket of another kind', new KeepingSocket()],
  ] as [string, Keeper | KeepingSocket][])('is copied for %s', async (_what, keeper) => {
    const { shard } = makeShard({ safety: 'off' });
    const sent = [1, 2].map(async (mark) => {
      using lease = filled(shard, MiB, mark);
      await lease.writeTo(keeper);
    });
    await Promise.all(sent);
    useAgain(shard);
    await once(keeper.end(), 'finish');
    const all = Buffer.concat(keeper.chunks);
    expect(all.subarray(0, MiB)).toSatisfy(is(1));
    expect(all.subarray(MiB)).toSatisfy(is(2));
    for (const event of ['error', 'close', 'drain']) expect(keeper.listenerCount(event)).toBe(0);
  });

  it('is copied on its way through others', async () => {
    const { shard } = makeShard({ safety: 'off' });
    const through = new PassThrough({ highWaterMark: 4 * MiB });
    const lease = filled(shard, MiB, 1);
    await lease.writeTo(through);
    lease.release();
    useAgain(shard);
    expect(await buffer(through.end())).toSatisfy(is(1));
  });

  it.each([
    ['fails', (stream: Writable) => stream.destroy(new Error('full')), 'full'],
    ['is destroyed', (stream: Writable) => stream.destroy(), 'closed'],
    [
      'is destroyed as it drains',
      (stream: Writable) => stream.once('drain', () => stream.destroy()),
      'closed',
    ],
    ['fails and lives on', (stream: Writable) => stream.emit('error', new Error('hiccup')), 'hiccup'],
  ] as const)('is refused when that %s', async (_how, end, message) => {
    const { shard } = makeShard();
    using lease = filled(shard, MiB, 1);
    const stream = new Writable({ write: (_chunk, _encoding, callback) => void setImmediate(callback) });
    const sent = lease.writeTo(stream);
    end(stream);
    await expect(sent).rejects.toMatchObject({
      code: 'ERR_WRITE_FAILED',
      message: expect.stringContaining(message),
    });
  });
});

describe('a lease that is written to a file', () => {
  it('by a handle is there, before and behind what others write', async () => {
    const { shard } = makeShard({ safety: 'off' });
    const handle = await open(place('handle'), 'w');
    await handle.write('<');
    const sent = [1, 2].map(async (mark) => {
      const lease = filled(shard, MiB, mark);
      const written = lease.writeTo(handle);
      lease.release();
      await written;
      useAgain(shard);
    });
    await Promise.all(sent);
    await handle.write('>');
    await handle.close();
    const expected = [Buffer.from('<'), marked(MiB, 1), marked(MiB, 2), Buffer.from('>')];
    expect(same(readFileSync(place('handle')), Buffer.concat(expected))).toBe(true);
    expect(shard.idleCounts[2]).toBe(2);
  });

  it('by a stream is there, and is not copied', async () => {
    const { shard } = makeShard({ safety: 'off' });
    const stream = createWriteStream(place('stream'));
    const lease = filled(shard, MiB, 1);
    const sent = lease.writeTo(stream);
    expect(stream.writableLength).toBe(MiB);
    await sent;
    lease.release();
    useAgain(shard);
    await once(stream.end(), 'close');
    expect(readFileSync(place('stream'))).toSatisfy(is(1));
  });

  it('that takes nothing is refused, and its error is the cause', async () => {
    const { shard } = makeShard();
    using lease = filled(shard, MiB, 1);
    await using handle = await open('/dev/null', 'r');
    const refused = { code: 'ERR_WRITE_FAILED', cause: { code: 'EBADF' } };
    await expect(lease.writeTo(handle)).rejects.toMatchObject(refused);
    const full = { code: 'ERR_WRITE_FAILED', cause: { code: 'ENOSPC' } };
    await expect(lease.writeTo(createWriteStream('/dev/full'))).rejects.toMatchObject(full);
  });

  it('is given up by a signal, and the file stays open', async () => {
    const { shard } = makeShard({ budgetBytes: 8 * MiB });
    await using handle = await open(place('given-up'), 'w');
    using lease = filled(shard, 4 * MiB, 1);
    const stop = new AbortController();
    const sent = lease.writeTo(handle, { signal: stop.signal });
    stop.abort('enough');
    await expect(sent).rejects.toBe('enough');
    expect((await handle.stat()).size).toBeLessThan(4 * MiB);
  });
});

describe('the stream of a lease', () => {
  it.each([MiB + 1, 64 * 1024, 3, 0])('has its %i bytes, though it was released before', async (bytes) => {
    const { shard, stand } = makeShard({ safety: 'off' });
    const lease = filled(shard, bytes, 1);
    const stream = lease.createReadStream();
    lease.release();
    useAgain(shard);
    const packed = createGzip();
    const [got] = await Promise.all([buffer(packed.pipe(createGunzip())), pipeline(stream, packed)]);
    expect([got.length, same(got, marked(bytes, 1))]).toEqual([bytes, true]);
    expect(stand.used()).toBe(shard.idleCounts[0] * 4 + shard.idleCounts[1] * 64);
  });

  it('keeps the memory until the last copy was made or it is destroyed', async () => {
    const { shard } = makeShard({ safety: 'off' });
    const lease = filled(shard, MEDIUM, 1);
    const [read, destroyed] = [lease.createReadStream(), lease.createReadStream()];
    lease.release();
    destroyed.destroy();
    await once(destroyed, 'close');
    expect(shard.idleCounts[1]).toBe(0);
    read.read();
    expect(shard.idleCounts[1]).toBe(1);
  });

  it('goes into a web response, which copies bytes by itself', async () => {
    const { shard } = makeShard({ safety: 'off' });
    const lease = filled(shard, MiB, 1);
    const responses = [
      new Response(Readable.toWeb(lease.createReadStream()) as ReadableStream),
      new Response(lease.copy()),
      new Response(lease.bytes),
    ];
    lease.release();
    for (const response of responses) {
      const got = await response.arrayBuffer();
      useAgain(shard);
      expect(new Uint8Array(got)).toSatisfy(is(1));
    }
  });
});

describe('the copy of a lease', () => {
  it('belongs to nobody', () => {
    const { shard } = makeShard({ safety: 'off' });
    const lease = filled(shard, 10, 1);
    const copy = lease.copy();
    lease.release();
    useAgain(shard);
    expect(copy).toEqual(marked(10, 1));
    expect(structuredClone(copy.buffer, { transfer: [copy.buffer] }).byteLength).toBe(10);
  });
});

describe('what is wrong', () => {
  it.each([
    null,
    7,
    '/tmp/file',
    new WritableStream(),
    createReadStream('/dev/null'),
  ])('is refused before anything is written', async (target) => {
    const { shard } = makeShard();
    using lease = shard.acquire(10);
    await expect(lease.writeTo(target as never)).rejects.toThrow(coded('ERR_INVALID_ARGUMENT'));
  });

  it('is the use of a lease that has ended', async () => {
    const { shard } = makeShard();
    const lease = shard.acquire(10);
    lease.release();
    await expect(lease.writeTo(new PassThrough())).rejects.toThrow(coded('ERR_LEASE_RELEASED'));
    expect(() => lease.createReadStream()).toThrow(coded('ERR_LEASE_RELEASED'));
    expect(() => lease.copy()).toThrow(coded('ERR_LEASE_RELEASED'));
  });
});

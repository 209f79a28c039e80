import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Queue } from 'bullmq';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Broker } from '../../src/cluster/broker.ts';
import { connectBullMq } from '../../src/cluster/bullmq-broker.ts';
import { FolderStore } from '../../src/cluster/folder-store.ts';
import { Host } from '../../src/cluster/host.ts';
import type { HostEvent } from '../../src/cluster/host-events.ts';
import type { FileMaker } from '../../src/cluster/make-file.ts';
import { enqueueMissing } from '../../src/cluster/missing.ts';
import { announcementOf } from '../../src/cluster/submit.ts';
import { RedisServer, whyNoRedis } from './redis.ts';
import { list, RECORD } from './stand.ts';

const LOCK_MS = 1000;

describe.skipIf(whyNoRedis() !== null)('a host, over a real broker and a real folder', () => {
  let server: RedisServer;
  let broker: Broker;
  let folder = '';
  let store: FolderStore;
  let made: string[] = [];
  let events: HostEvent[] = [];
  let isThere = true;
  let stuckMs = 0;
  beforeAll(async () => {
    server = await RedisServer.start();
  });
  afterAll(() => server?.[Symbol.asyncDispose]());
  beforeEach(async () => {
    broker = await connect();
    folder = mkdtempSync(join(tmpdir(), 'millpond-host-'));
    store = new FolderStore(folder, RECORD.id);
    await store.create(RECORD);
    [made, events, isThere, stuckMs] = [[], [], true, 0];
  });
  afterEach(async () => {
    await broker.forget(RECORD.id);
    await broker[Symbol.asyncDispose]();
    rmSync(folder, { recursive: true, force: true });
  });

  const connect = (): Promise<Broker> =>
    connectBullMq({ url: server.url, prefix: 'hosts', lockMs: LOCK_MS, stalledMs: 200 });

  const idle = { pressure: 'nominal', emergency: false, lostThreads: 0, othersShare: 0 } as const;
  const load = () => ({ ...idle, threads: 2, stuckMs });

  const maker: FileMaker = {
    async make({ file }) {
      made.push(file.output);
      return { line: { input: file.input, state: 'done', seconds: 1 }, twice: false };
    },
    isThere: async () => isThere,
  };

  function after(ms: number, action: () => void): () => void {
    const timer = setTimeout(action, ms);
    return () => clearTimeout(timer);
  }

  /** Until the batch is done. */
  async function work(with_: FileMaker = maker): Promise<void> {
    await broker.announce(announcementOf(RECORD, folder));
    await enqueueMissing(store, broker, RECORD.id);
    const host: Host = new Host({
      broker,
      maker: with_,
      clock: { nowMs: () => performance.now(), wallMs: Date.now, after },
      ...{ name: 'host', token: crypto.randomUUID(), engine: 'e' },
      openStore: ({ folder: at, id }) => new FolderStore(at, id),
      list: () => Promise.reject(new Error('it has a list')),
      load,
      say(event) {
        events.push(event);
        if (event.event === 'done') host.drain();
      },
    });
    await host.run();
  }

  it('makes each file once, and says so', async () => {
    await list(store, [3, 4]);
    await work();
    expect(made.sort()).toEqual(
      ['0/0', '0/1', '0/2', '1/0', '1/1', '1/2', '1/3'].map((name) => `${name}.flac`),
    );
    expect(await store.state()).toBe('done');
    expect((await store.result({ round: 0, page: 1 }))?.lines[3]).toMatchObject({
      ...{ input: '/in/1/3.wav', page: 'r0-0000001', host: 'host', engine: 'e', twice: false },
    });
    expect(await broker.batches()).toEqual([]);
  });

  it('goes on behind what a host that died has finished', async () => {
    await list(store, [4]);
    const dead = await store.begin({ round: 0, page: 0 }, 'dead');
    for (const at of [0, 2]) await dead.ended({ at, line: { input: `/in/0/${at}.wav`, state: 'done' } });
    await work();
    expect(made.sort()).toEqual(['0/1.flac', '0/3.flac']);
    expect((await store.summary({ round: 0, page: 0 }))?.deaths).toBe(1);
  });

  it('does again what was finished and is not there', async () => {
    await list(store, [2]);
    const dead = await store.begin({ round: 0, page: 0 }, 'dead');
    await dead.ended({ at: 0, line: { input: '/in/0/0.wav', state: 'done' } });
    isThere = false;
    await work();
    expect(made.sort()).toEqual(['0/0.flac', '0/1.flac']);
  });

  it('does its files whatever somebody puts into the queue, changes or takes out', async () => {
    await list(store, [1, 1, 1]);
    await enqueueMissing(store, broker, RECORD.id);
    const queue = new Queue(RECORD.id, { prefix: 'hosts', connection: { url: server.url } });
    await queue.waitUntilReady();
    for (const jobId of ['note', 'r0-0000003', 'r7-0000000', 'r0-0000001-0-2', 'r0-0000001-1-1']) {
      await queue.add('page', { round: 0, page: 0 }, { jobId, lifo: true });
    }
    await (await queue.getJob('r0-0000001'))?.updateData('nothing');
    await (await queue.getJob('r0-0000002'))?.remove();
    await queue.close();
    await work();
    expect(made.sort()).toEqual(['0/0.flac', '1/0.flac', '2/0.flac']);
    expect(events.filter(({ event }) => event === 'ill' || event === 'back')).toEqual([]);
    expect((await Array.fromAsync(store.results())).flat()).toHaveLength(3);
  });

  it('splits a page that hosts died of, without what they had finished', async () => {
    await list(store, [6]);
    for (const name of ['one', 'two']) {
      const dead = await store.begin({ round: 0, page: 0 }, name);
      await dead.ended({ at: 1, line: { input: '/in/0/1.wav', state: 'done' } });
    }
    await work();
    expect(made.sort()).toEqual([0, 2, 3, 4, 5].map((at) => `0/${at}.flac`));
    expect(events.filter(({ event }) => event === 'split')).toHaveLength(1);
    const seen: unknown[] = [];
    for await (const some of store.results()) {
      for (const { ref } of some)
        seen.push(...((await store.result(ref))?.lines ?? []).map(({ input }) => input));
    }
    expect(seen.sort()).toEqual([0, 1, 2, 3, 4, 5].map((at) => `/in/0/${at}.wav`));
  });

  it('names a file that hosts died of, alone in its page, and does not try it', async () => {
    await list(store, [1, 1]);
    for (let host = 0; host < 5; host++) await store.begin({ round: 0, page: 0 }, `${host}`);
    await work();
    expect(made).toEqual(['1/0.flac']);
    const [line] = (await store.result({ round: 0, page: 0 }))?.lines ?? [];
    expect(line).toMatchObject({ state: 'failed', code: 'ERR_HOST_LOST' });
  });

  it('takes nothing beside a file that hosts have died of', async () => {
    await list(store, [1, 1]);
    for (const host of ['one', 'two']) await store.begin({ round: 0, page: 0 }, host);
    const waiting = new Set<number>();
    await work({
      ...maker,
      async make(file) {
        // In so many answers of the broker a page would have come.
        for (let asked = 0; made.length === 0 && asked < 10; asked++) {
          waiting.add((await broker.counts(RECORD.id)).waiting);
        }
        return maker.make(file);
      },
    });
    expect(made).toEqual(['0/0.flac', '1/0.flac']);
    expect([...waiting]).toEqual([1]);
  });

  it('begins no file once its lock was not renewed for 0.8 of its time, though it does not know', async () => {
    await list(store, [50]);
    let began = 0;
    let wokeUp = false;
    let whileShut = 0;
    await work({
      ...maker,
      async make(file) {
        began++;
        if (wokeUp && !events.some(({ event }) => event === 'lost')) whileShut++;
        if (began === 3) {
          // As SIGSTOP does: neither work nor renewals, and then all at once.
          const end = performance.now() + LOCK_MS * 1.5;
          while (performance.now() < end);
          wokeUp = true;
        }
        return maker.make(file);
      },
    });
    expect(whileShut).toBe(0);
    expect(await store.state()).toBe('done');
    // The lock was lost, and the page came again; what had ended was not made again.
    expect(events.some(({ event }) => event === 'lost')).toBe(true);
    expect(made.length).toBeLessThanOrEqual(50 + 4);
    expect(new Set(made).size).toBe(50);
  });

  it('gives back what has begun, too, where its runner does not come to work', async () => {
    await list(store, [3]);
    let isFirst = true;
    await work({
      ...maker,
      async make(file) {
        if (!isFirst) return maker.make(file);
        isFirst = false;
        stuckMs = 60_000;
        const { signal } = file;
        await new Promise((resolve) => signal.addEventListener('abort', resolve));
        stuckMs = 0;
        throw signal.reason;
      },
    });
    expect(events.map(({ event }) => event)).toContain('back');
    expect(events.map(({ event }) => event)).not.toContain('ill');
    expect(made.sort()).toEqual(['0/0.flac', '0/1.flac', '0/2.flac']);
    expect((await store.summary({ round: 0, page: 0 }))?.deaths).toBe(0);
  });

  it('puts back what the queue has lost', async () => {
    await list(store, [1, 1, 1]);
    const other = server.client();
    let isFirst = true;
    await work({
      ...maker,
      async make(file) {
        if (isFirst) {
          isFirst = false;
          await other.del(...(await other.keys(`hosts:${RECORD.id}:*`)));
        }
        return maker.make(file);
      },
    });
    other.disconnect();
    expect(await store.state()).toBe('done');
    expect(new Set(made).size).toBe(3);
    expect(events.some(({ event }) => event === 'repaired')).toBe(true);
  });
});

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pass } from 'node:timers/promises';
import { afterAll, beforeAll, describe, it } from 'vitest';
import type { Broker } from '../../src/cluster/broker.ts';
import { connectBullMq } from '../../src/cluster/bullmq-broker.ts';
import { FolderStore } from '../../src/cluster/folder-store.ts';
import { Host } from '../../src/cluster/host.ts';
import { enqueueMissing } from '../../src/cluster/missing.ts';
import type { Store } from '../../src/cluster/store.ts';
import { announcementOf } from '../../src/cluster/submit.ts';
import { RedisServer, whyNoRedis } from './redis.ts';
import { list, RECORD } from './stand.ts';

const LOCK_MS = 2000;
const { id } = RECORD;

/** Each has a broker, by its name, and a folder of its own. */
describe.skipIf(whyNoRedis() !== null)('the results of a batch', () => {
  let server: RedisServer;
  beforeAll(async () => {
    server = await RedisServer.start();
  });
  afterAll(() => server?.[Symbol.asyncDispose]());

  const connect = (prefix: string): Promise<Broker> =>
    connectBullMq({ url: server.url, prefix, lockMs: LOCK_MS, stalledMs: 200 });

  /** @param openStore what a host has of the store */
  function hostOf(broker: Broker, openStore: (folder: string) => Store): Host {
    const host: Host = new Host({
      broker,
      maker: {
        make: async ({ file }) => ({ line: { input: file.input, state: 'done', seconds: 1 }, twice: false }),
        isThere: async () => true,
      },
      clock: { nowMs: () => performance.now(), wallMs: Date.now, after },
      ...{ name: 'host', token: crypto.randomUUID(), engine: 'e' },
      openStore: ({ folder }) => openStore(folder),
      list: () => Promise.reject(new Error('it has a list')),
      load: () => ({
        ...{ threads: 1, pressure: 'nominal', emergency: false },
        ...{ lostThreads: 0, othersShare: 0, stuckMs: 0 },
      }),
      say: () => {},
    });
    return host;
  }

  async function batchIn(folder: string, broker: Broker): Promise<FolderStore> {
    const store = new FolderStore(folder, id);
    await store.create(RECORD);
    await list(store, [2, 2, 2]);
    await broker.announce(announcementOf(RECORD, folder));
    await enqueueMissing(store, broker, id);
    return store;
  }

  it.concurrent('are looked through by one host, however long that takes, while others are idle', async ({
    expect,
  }) => {
    const folder = mkdtempSync(join(tmpdir(), 'millpond-looks-'));
    await using broker = await connect('one');
    const store = await batchIn(folder, broker);
    let looks = 0;
    class SlowStore extends FolderStore {
      override async *results() {
        looks++;
        // For longer than a lock, and than hosts wait before they ask once more.
        await pass(5000);
        yield* super.results();
      }
    }
    await using more = new AsyncDisposableStack();
    const hosts: Host[] = [];
    for (let at = 0; at < 3; at++) {
      hosts.push(hostOf(more.use(await connect('one')), (place) => new SlowStore(place, id)));
    }
    const left = hosts.map((host) => host.run());
    await expect.poll(() => store.state()).toBe('done');
    for (const host of hosts) host.drain();
    await Promise.all(left);
    expect(looks).toBe(1);
    expect(await broker.batches()).toEqual([]);
    rmSync(folder, { recursive: true, force: true });
  });

  it.concurrent('are looked through by another where one has died at it', async ({ expect }) => {
    const folder = mkdtempSync(join(tmpdir(), 'millpond-looks-'));
    await using broker = await connect('dead');
    const store = await batchIn(folder, broker);
    expect(await broker.mayLook(id, 'dead')).toBe(true);
    const host = hostOf(broker, (place) => new FolderStore(place, id));
    const left = host.run();
    await expect.poll(() => store.state()).toBe('done');
    host.drain();
    await left;
    rmSync(folder, { recursive: true, force: true });
  });

  it.concurrent('may be looked through by one, until its time is over or the batch is', async ({
    expect,
  }) => {
    await using broker = await connect('right');
    expect(await broker.mayLook(id, 'one')).toBe(true);
    expect(await broker.mayLook(id, 'two')).toBe(false);
    expect(await broker.mayLook(id, 'one')).toBe(true);
    expect(await broker.mayLook('other', 'two')).toBe(true);
    await expect.poll(() => broker.mayLook(id, 'two'), { interval: 100 }).toBe(true);
    expect(await broker.mayLook(id, 'one')).toBe(false);
    await broker.forget(id);
    expect(await broker.mayLook(id, 'one')).toBe(true);
  });
});

function after(ms: number, action: () => void): () => void {
  const timer = setTimeout(action, ms);
  return () => clearTimeout(timer);
}

import {
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { Queue } from 'bullmq';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { FolderStore } from '../../src/cluster/folder-store.ts';
import { png } from '../audio/tags/pictures.ts';
import { tagsIn } from '../audio/tags/tagged.ts';
import { BatchFolder } from './batch-folder.ts';
import { HostProcess } from './host-process.ts';
import { RedisServer, whyNoRedis } from './redis.ts';

const LOOK_MS = 30;

interface Status {
  readonly state: string;
  readonly files: { readonly ok: number };
  readonly hosts: Readonly<Record<string, number>>;
  readonly estimatedSeconds: number;
  readonly totalSeconds: number;
}

describe.skipIf(whyNoRedis() !== null)('a batch over hosts', () => {
  const command = [process.execPath, inject('builtCommand')];
  let broker: RedisServer;
  let folder: BatchFolder;
  let at: readonly string[];
  beforeAll(async () => {
    broker = await RedisServer.start();
    at = ['--broker', broker.url];
    folder = await BatchFolder.make(command, { to: 'flac', files: 30, seed: 1 });
  });
  afterAll(async () => {
    await broker?.[Symbol.asyncDispose]();
    folder?.[Symbol.dispose]();
  });

  const host = (options: readonly string[] = [], env: NodeJS.ProcessEnv = {}): HostProcess =>
    new HostProcess(command, [...at, '--threads', '1', '--verbose', ...options], env);
  const LOCK = ['--lock', '1s', '--stalled', '300ms'];
  const submit = (out: string, ...options: string[]): Promise<string> => folder.submit(out, at, ...options);
  const status = async (out: string): Promise<Status> =>
    JSON.parse(await folder.millpond('cluster', 'status', '--out', out, '--json', ...at));

  async function until(is: () => boolean | Promise<boolean>): Promise<void> {
    while (!(await is())) await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
  }
  const done = (out: string, id: string): Promise<void> =>
    until(async () => (await new FolderStore(out, id).state()) === 'done');

  it('is done by two, and is the same batch when it is submitted again', async () => {
    const out = folder.nextOut();
    const record = join(folder.folder, 'one.millpond');
    await using _one = host(['--name', 'one', '--record', record, '--metrics-port', '0']);
    await using _two = host(['--name', 'two']);
    await Promise.all([_one.isThere, _two.isThere]);
    const id = await submit(out, '--page-work', '0.1', '--hash');
    expect(folder.said).toMatch(/^millpond: 30 files in \d+ pages, 2 left out$/m);
    await done(out, id);
    const verdict = await folder.check(out, id);
    expect(verdict).toMatchObject({ files: 30, deaths: 0, twice: 0 });
    expect(await submit(out, '--page-work', '0.1', '--hash')).toBe(id);
    expect(folder.said).toContain('submitted before and is done');
    const { state, files, hosts, estimatedSeconds, totalSeconds } = await status(out);
    expect({ state, files }).toMatchObject({ state: 'done', files: { total: 30, ok: 30, failed: 0 } });
    expect(totalSeconds).toBeGreaterThan(0);
    expect(estimatedSeconds).toBeCloseTo(totalSeconds);
    expect(Object.keys(hosts).every((name) => ['one', 'two'].includes(name))).toBe(true);
    const lines = (await folder.millpond('cluster', 'report', '--out', out)).trim().split('\n');
    const results = lines.map((line) => JSON.parse(line));
    expect(new Set(results.map(({ input }) => input)).size).toBe(30);
    for (const { engine, sha256, page } of results) {
      expect([engine, sha256]).toEqual([
        expect.stringMatching(/^\w{64}$/),
        expect.stringMatching(/^\w{64}$/),
      ]);
      expect(page).toMatch(/^r0-/);
    }
    const [url] = /http:\S+/.exec(_one.text) ?? [];
    const metrics = await (await fetch(url as string)).text();
    for (const name of ['millpond_host_files_total{state="ok"}', 'millpond_host_fence_open 1']) {
      expect(metrics).toContain(name);
    }
    expect(await _one.leave()).toBe(0);
    const page = join(folder.folder, 'batch.html');
    await folder.millpond('cluster', 'report', '--out', out, '--html', page, record);
    expect(readFileSync(page, 'utf8')).toContain('30 of 30 files done');
  });

  it('is listed by a host where it is left to one', async () => {
    const out = folder.nextOut();
    await using _host = host();
    const id = await submit(out, '--detach');
    await done(out, id);
    await folder.check(out, id);
  });

  it('is not done by a host with another engine, which says so, unless any will do', async () => {
    const out = folder.nextOut();
    const caches = join(folder.folder, 'caches');
    await using real = host([], { XDG_CACHE_HOME: caches });
    await real.isThere;
    await real.kill();
    const engines = join(caches, 'millpond/engine');
    const [name] = readdirSync(engines);
    const kept = JSON.parse(readFileSync(join(engines, name), 'utf8'));
    writeFileSync(join(engines, name), JSON.stringify({ ...kept, fingerprint: 'f'.repeat(64) }));
    const id = await submit(out);
    await using other = host([], { XDG_CACHE_HOME: caches });
    await until(() => other.text.includes(`batch ${id} wants engine`));
    expect(await status(out)).toMatchObject({ files: { ok: 0 }, queue: { held: 0 } });
    await folder.millpond('cluster', 'cancel', '--out', out, ...at);

    const mixed = folder.nextOut();
    await done(mixed, await submit(mixed, '--any-engine'));
    const [line] = (await folder.millpond('cluster', 'report', '--out', mixed)).split('\n');
    expect(JSON.parse(line).engine).toBe('f'.repeat(64));
  });

  it('whose host dies goes on at another, idle one within the lock, a look and a second', async () => {
    await using first = host(LOCK);
    await first.isThere;
    // The other one is idle, since it comes when the first has what there is.
    const diedMs = Promise.withResolvers<number>();
    first.onTaken = () => {
      first.signal('SIGKILL');
      diedMs.resolve(performance.now());
    };
    await using second = host(LOCK);
    await second.isThere;
    second.signal('SIGSTOP');
    const out = folder.nextOut();
    const id = await submit(out, '--page-work', '100');
    await diedMs.promise;
    const taken = Promise.withResolvers<number>();
    second.onTaken = () => taken.resolve(performance.now());
    second.signal('SIGCONT');
    expect((await taken.promise) - (await diedMs.promise)).toBeLessThan(1000 + 300 + 1000);
    await done(out, id);
    expect(await folder.check(out, id)).toMatchObject({ files: 30 });
  });

  it('is cancelled, and goes on when it is submitted again', async () => {
    const out = folder.nextOut();
    const id = await submit(out);
    expect(await folder.millpond('cluster', 'cancel', '--out', out, ...at)).toBe(`${id}  cancelled\n`);
    expect(await status(out)).toMatchObject({ state: 'cancelled', queue: { waiting: 0 } });
    expect(await submit(out)).toBe(id);
    await using _host = host();
    await done(out, id);
    await folder.check(out, id);
  });

  it('is repaired from its folder when the broker has lost all', async () => {
    const out = folder.nextOut();
    const id = await submit(out, '--page-work', '0.1');
    const client = broker.client();
    await client.flushall();
    client.disconnect();
    expect(await folder.millpond('cluster', 'repair', '--out', out, ...at)).toMatch(
      /have no results, and are/,
    );
    await using _host = host();
    await done(out, id);
    await folder.check(out, id);
  });

  it('tries again what has failed, and only that', async () => {
    const out = folder.nextOut();
    const input = join(folder.folder, 'mended');
    mkdirSync(input);
    const sound = join(folder.input, '0', '0.wav');
    for (const name of ['a', 'b']) writeFileSync(join(input, `${name}.wav`), readFileSync(sound));
    writeFileSync(join(input, 'broken.wav'), 'no audio');
    await using _host = host();
    const args = ['cluster', 'submit', input, '--to', 'flac', '--out', out, ...at];
    const id = (await folder.millpond(...args)).trim();
    await done(out, id);
    expect(await status(out)).toMatchObject({ files: { total: 3, ok: 2, failed: 1 } });
    writeFileSync(join(input, 'broken.wav'), readFileSync(sound));
    expect(await folder.millpond('cluster', 'retry', '--out', out, ...at)).toBe(
      `${id}  1 file is tried again\n`,
    );
    await until(async () => (await status(out)).files.ok === 3);
    await done(out, id);
    expect(await status(out)).toMatchObject({ files: { total: 3, ok: 3, failed: 0 } });
    const lines = (await folder.millpond('cluster', 'report', '--out', out)).trim().split('\n');
    expect(lines.map((line) => JSON.parse(line).state)).toEqual(['done', 'done', 'done']);
  });

  it('leaves alone what is there, but for the same bytes, and replaces it where it is asked to', async () => {
    const out = folder.nextOut();
    mkdirSync(join(out, '0'), { recursive: true });
    writeFileSync(join(out, '0', '0.flac'), 'mine');
    await using _host = host();
    const id = await submit(out);
    await done(out, id);
    expect(readFileSync(join(out, '0', '0.flac'), 'utf8')).toBe('mine');
    expect(await status(out)).toMatchObject({ files: { total: 30, ok: 29, failed: 1 } });
    rmSync(join(out, '.millpond'), { recursive: true });
    const again = await submit(out, '--redo');
    expect(again).not.toBe(id);
    await done(out, again);
    await folder.check(out, again);
  });

  it('is in the queue as references, which boards show by what BullMQ has', async () => {
    const out = folder.nextOut();
    const id = await submit(out, '--page-work', '0.1');
    const other = folder.nextOut();
    expect(await submit(other)).not.toBe(id);
    await folder.millpond('cluster', 'cancel', '--out', other, ...at);
    const client = broker.client();
    const queue = new Queue(id, { connection: client, prefix: 'millpond' });
    try {
      const jobs = await queue.getJobs(['waiting'], 0, -1);
      expect(jobs.length).toBeGreaterThan(1);
      for (const job of jobs) expect(JSON.stringify(job.asJSON()).length).toBeLessThan(1024);
      expect(await queue.getJobCounts()).toMatchObject({ waiting: jobs.length, active: 0 });
    } finally {
      await queue.close();
      client.disconnect();
      await folder.millpond('cluster', 'cancel', '--out', out, ...at);
    }
  });

  it('has the picture and the times that were asked for, as one host makes them, wherever the picture is then', async () => {
    const [input, alone, out] = ['pictured', 'pictured-alone', 'pictured-out'].map((name) =>
      join(folder.folder, name),
    );
    mkdirSync(input);
    const sound = readFileSync(join(folder.input, '0', '0.wav'));
    for (const name of ['a', 'b']) {
      writeFileSync(join(input, `${name}.wav`), sound);
      utimesSync(join(input, `${name}.wav`), 1e9, 1e9);
    }
    const picture = join(folder.folder, 'picture.png');
    writeFileSync(picture, png(0, 64));
    const options = ['--cover', picture, '--cover-size', '32', '--preserve-times'];
    const to = (place: string) => [input, '--to', 'flac', '--out', place];
    await folder.millpond('transcode', ...to(alone), ...options, '--quiet');
    const submitted = async (...asked: string[]): Promise<string> =>
      (await folder.millpond('cluster', 'submit', ...to(out), ...at, ...asked)).trim();
    const id = await submitted(...options);
    renameSync(picture, `${picture}.other`);
    expect(await submitted('--cover', `${picture}.other`, ...options.slice(2))).toBe(id);
    // Each option makes another batch.
    const others = [
      await submitted('--cover', `${picture}.other`, '--cover-size', '32'),
      await submitted('--cover-size', '32', '--preserve-times'),
    ];
    expect(new Set([id, ...others]).size).toBe(3);
    await folder.millpond('cluster', 'cancel', ...others, '--out', out, ...at);
    await using _host = host();
    await done(out, id);
    for (const name of ['a.flac', 'b.flac']) {
      expect(readFileSync(join(out, name))).toEqual(readFileSync(join(alone, name)));
      expect(statSync(join(out, name)).mtimeMs).toBeCloseTo(1e12);
    }
    expect(tagsIn(join(out, 'a.flac')).pictures).toMatchObject([{ mime: 'image/jpeg' }]);
  });

  it('is unknown to a host that does not have its folder, and waits', async () => {
    const out = folder.nextOut();
    const id = await submit(out);
    renameSync(out, `${out}-gone`);
    await using one = host();
    await until(() => one.text.includes(`batch ${id} is not to be seen`));
    renameSync(`${out}-gone`, out);
    await done(out, id);
    await folder.check(out, id);
  });
});

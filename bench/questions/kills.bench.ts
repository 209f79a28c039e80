/**
 * Very many clips through four hosts on this machine, two of which are killed on the way: whether all is
 * there, once, and what it came to.
 */
import { closeSync, openSync, readdirSync, readSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pass } from 'node:timers/promises';
import { FolderStore } from '../../src/cluster/folder-store.ts';
import { type PageRef, pageKey, pageOfKey } from '../../src/cluster/page.ts';
import type { HostProcess } from '../../test/cluster/host-process.ts';
import { RedisServer } from '../../test/cluster/redis.ts';
import type { Benchmark, Context, Table } from '../benchmark.ts';
import { FOLDERS, makeClips } from '../clips.ts';
import {
  brokerBytes,
  brokerSeconds,
  COMMAND,
  cpuSecondsOf,
  LOCK_MS,
  STALLED_MS,
  startHosts,
  submit,
  withBroker,
} from '../cluster-hosts.ts';
import { significant } from '../rounds.ts';

/** Clips for each file that other benchmarks take. */
const TIMES = 100;
/** Mono, 16 bits, 16 kHz: a tenth of a second. */
const SOUND_BYTES = 3200;
const HOSTS = 4;
/** A host dies when so much of all pages is done. */
const KILLED_AT = [1 / 3, 2 / 3];
const LOOK_MS = 50;

const benchmark: Benchmark = {
  name: 'kills',
  question: 'What do very many clips through four hosts take, two of which are killed?',
  run,
};
export default benchmark;

function run({ fileLimit, say }: Context): Promise<Table[]> {
  return withBroker('Very many clips through hosts that die', async (folder) => {
    const count = fileLimit * TIMES;
    makeClips(COMMAND, folder, count, SOUND_BYTES);
    say(`  ${count} clips are there`);
    return [await clipsThroughHosts(folder, count, say)];
  });
}

async function clipsThroughHosts(folder: string, count: number, say: Context['say']): Promise<Table> {
  const out = join(folder, 'out');
  await using broker = await RedisServer.start();
  const client = broker.client();
  const emptyBytes = await brokerBytes(client);
  const submitMs = performance.now();
  const submitted = await submit(broker, join(folder, 'in'), out, ['--to', 'flac']);
  const submitSeconds = (performance.now() - submitMs) / 1000;
  const waitingBytes = (await brokerBytes(client)) - emptyBytes;
  const store = new FolderStore(out, submitted.id);
  const pages = (await store.totals(0))?.pages as number;
  say(`  submitted: ${pages} pages`);
  const hosts = startHosts(broker, HOSTS, 1);
  try {
    await Promise.all(hosts.map((host) => host.isThere));
    const beganMs = performance.now();
    let cpu = 0;
    const deaths: Death[] = [];
    for (const [at, share] of KILLED_AT.entries()) {
      while ((await ended(store)) < share * pages) await pass(LOOK_MS);
      cpu += cpuSecondsOf(hosts[at].pid);
      deaths.push(await killed(hosts[at], hosts, store));
      say(`  a host was killed that had ${deaths[at].pages} pages`);
    }
    while ((await store.state()) !== 'done') await pass(LOOK_MS);
    const seconds = (performance.now() - beganMs) / 1000;
    for (const host of hosts.slice(KILLED_AT.length)) cpu += cpuSecondsOf(host.pid);
    const { twice } = await checked(out, store, count);
    const holeMs = Math.max(...deaths.map(({ takenMs }) => takenMs));
    const rows: Table['rows'] = [
      ['files, all there, once', count],
      ['pages', pages],
      ['seconds', significant(seconds)],
      ['files that were made twice', twice],
      ['ms of CPU a file: hosts', significant((1000 * cpu) / count)],
      ['ms of CPU a file: broker', significant((1000 * (await brokerSeconds(client))) / count)],
      ['ms of CPU a file: who submits', significant((1000 * submitted.cpu) / count)],
      ['files submitted a second', significant(count / submitSeconds)],
      ['KB of the broker while all wait', significant(waitingBytes / 1000)],
      ['pages that the dead had', deaths.reduce((sum, death) => sum + death.pages, 0)],
      ['ms from a kill until others have them', significant(holeMs)],
      ['ms from a kill until they are done', significant(Math.max(...deaths.map(({ doneMs }) => doneMs)))],
    ];
    return {
      title: `${count} clips of a tenth of a second to FLAC through ${HOSTS} hosts of a thread`,
      columns: ['', ''],
      rows,
      notes: [
        `Locks of ${LOCK_MS} ms, looked for each ${STALLED_MS} ms; the longest of ${deaths.length} deaths. Others`,
        'have work, too: they take what the dead had when they come to need a page.',
      ],
    };
  } finally {
    await Promise.all(hosts.map((host) => host.kill()));
    client.disconnect();
  }
}

/** Of pages that a host had when it was killed: until the last one was taken, and done. */
interface Death {
  readonly pages: number;
  readonly takenMs: number;
  readonly doneMs: number;
}

async function killed(host: HostProcess, all: readonly HostProcess[], store: FolderStore): Promise<Death> {
  const others = all.filter((one) => one !== host);
  const before = others.map(({ text }) => text.length);
  const killedMs = performance.now();
  host.signal('SIGKILL');
  const refs: PageRef[] = [];
  for (const held of host.held.keys()) {
    const ref = pageOfKey(held.split(' ')[1]) as PageRef;
    // It may have died before it said that a page was done.
    if (!(await store.hasResult(ref))) refs.push(ref);
  }
  const left = new Set(refs.map(pageKey));
  const until = async (isSo: () => Promise<boolean>): Promise<number> => {
    while (!(await isSo())) await pass(LOOK_MS);
    return performance.now() - killedMs;
  };
  const takenMs = await until(async () => {
    const text = others.map((other, at) => other.text.slice(before[at])).join('');
    for (const page of left) if (text.includes(`page ${page} of`)) left.delete(page);
    return left.size === 0;
  });
  const doneMs = await until(async () =>
    (await Promise.all(refs.map((ref) => store.hasResult(ref)))).every(Boolean),
  );
  return { pages: refs.length, takenMs, doneMs };
}

async function ended(store: FolderStore): Promise<number> {
  let count = 0;
  for await (const some of store.results()) count += some.length;
  return count;
}

/** @throws Error where an output is missing, or is there that nobody wanted, or is none */
async function checked(out: string, store: FolderStore, count: number): Promise<{ twice: number }> {
  let [ok, twice] = [0, 0];
  for await (const some of store.results()) {
    for (const { ref } of some) {
      const summary = await store.summary(ref);
      ok += summary?.ok ?? 0;
      twice += summary?.twice ?? 0;
    }
  }
  if (ok !== count) throw new Error(`${ok} of ${count} files are done by their results`);
  for (let at = 0; at < FOLDERS; at++) {
    const names = readdirSync(join(out, `${at}`));
    const wanted = Math.ceil((count - at) / FOLDERS);
    if (names.length !== wanted) throw new Error(`${names.length} of ${wanted} outputs are in folder ${at}`);
    for (const name of names) {
      if (magic(join(out, `${at}`, name)) !== 'fLaC') throw new Error(`${name} is no FLAC file`);
    }
  }
  return { twice };
}

function magic(path: string): string {
  const file = openSync(path, 'r');
  const bytes = Buffer.alloc(4);
  readSync(file, bytes);
  closeSync(file);
  return bytes.toString('latin1');
}

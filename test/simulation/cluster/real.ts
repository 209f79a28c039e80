/**
 * The batch that a simulation plays, for real: processes, a redis-server and a folder, and the same evils at
 * the same times. Only the work of files is time that passes.
 */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pass } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { connectBullMq } from '../../../src/cluster/bullmq-broker.ts';
import { FolderStore } from '../../../src/cluster/folder-store.ts';
import { writePages } from '../../../src/cluster/list-batch.ts';
import { enqueueMissing } from '../../../src/cluster/missing.ts';
import { RedisServer } from '../../cluster/redis.ts';
import type { Cluster, Evil } from './play.ts';
import type { RealHostOptions } from './real-host.ts';
import { ID, recordOf } from './record.ts';
import { SUCCESSOR_MS } from './runs.ts';
import { Steps } from './steps.ts';
import { fileAt } from './workload.ts';

export interface Real {
  readonly makespanMs: number;
  readonly begunAgain: number;
  readonly madeTwice: number;
  readonly deaths: number;
  /** The longest time in which this process, which does nothing, could not look at the clock. */
  readonly stoodMs: number;
  /** What steps took, in ms. */
  readonly steps: Readonly<Record<string, readonly number[]>>;
}

const program = fileURLToPath(new URL('real-host.ts', import.meta.url));
const LOOK_MS = 20;
const MOST_MS = 300_000;

export async function playForReal(cluster: Omit<Cluster, 'times' | 'slow'>): Promise<Real> {
  const { lockMs, stalledMs, threads, workload, hosts } = cluster;
  const folder = mkdtempSync(join(tmpdir(), 'millpond-real-'));
  const children: ChildProcess[] = [];
  const steps = new Steps();
  let stoodMs = 0;
  await using redis = await RedisServer.start();
  try {
    mkdirSync(join(folder, 'out'));
    const store = new FolderStore(folder, ID);
    await store.create(recordOf(workload));
    await store.writeList(0, async (out) => {
      await writePages(out, workload.page, allFiles());
      return { skipped: 0 };
    });
    await using broker = await connectBullMq({ url: redis.url, prefix: 'simulated', lockMs, stalledMs });
    const batch = { id: ID, folder, weight: 1, priority: 0, submittedMs: 0, engine: null };
    await broker.announce(batch);
    await enqueueMissing(store, broker, ID);
    const spares: ChildProcess[] = [];
    const born = async (number: number): Promise<void> => {
      const options: RealHostOptions = {
        url: redis.url,
        lockMs,
        stalledMs,
        folder,
        number,
        threads,
        workload,
      };
      const child = fork(program, [JSON.stringify(options)], { execArgv: ['--conditions=millpond-source'] });
      children.push(child);
      await once(child, 'message');
      spares.push(child);
    };
    const deaths = cluster.evils.filter(({ kind }) => kind === 'killed').length;
    await Promise.all(Array.from({ length: hosts + deaths }, (_, number) => born(number)));
    const working = spares.splice(0, hosts);
    const ready = new Set(working);
    const startedMs = Date.now();
    let lookedMs = performance.now();
    const looks = setInterval(() => {
      stoodMs = Math.max(stoodMs, performance.now() - lookedMs - LOOK_MS);
      lookedMs = performance.now();
    }, LOOK_MS);
    for (const child of working) child.send('go');
    const evils = Promise.all(cluster.evils.map((evil) => suffer(evil, startedMs)));
    const deadline = startedMs + MOST_MS;
    while ((await store.state()) !== 'done') {
      if (Date.now() > deadline) throw new Error('The batch is not done.');
      await pass(LOOK_MS);
    }
    await evils;
    clearInterval(looks);
    for (const child of working) {
      child.send('leave');
      const [measured] = await once(child, 'message');
      for (const [name, values] of Object.entries(measured as Record<string, number[]>)) {
        steps.add(name, ...values);
      }
    }
    return { ...(await verdict(store, startedMs)), stoodMs, steps: steps.ms };

    async function suffer(evil: Evil, startedMs: number): Promise<void> {
      await pass(Math.max(0, startedMs + evil.atMs - Date.now()));
      if (evil.kind === 'broker away') {
        await redis.kill();
        await pass(evil.forMs);
        await redis.start();
        return;
      }
      if (evil.kind === 'cut off') throw new Error('Real hosts are not cut off one by one.');
      for (const at of evil.hosts) {
        const child = working[at];
        // One that is only coming is left alone, as in the simulation.
        if (!ready.has(child)) continue;
        if (evil.kind === 'drained') child.send('drain');
        else if (evil.kind === 'stopped') {
          child.kill('SIGSTOP');
          await pass(evil.forMs);
          child.kill('SIGCONT');
        } else {
          child.kill('SIGKILL');
          ready.delete(child);
          await pass(SUCCESSOR_MS);
          working[at] = spares.pop() as ChildProcess;
          ready.add(working[at]);
          working[at].send('go');
        }
      }
    }
  } finally {
    for (const child of children) child.kill('SIGKILL');
    rmSync(folder, { recursive: true, force: true });
  }

  async function* allFiles() {
    for (let at = 0; at < workload.files; at++) yield fileAt(workload, at);
  }

  async function verdict(store: FolderStore, startedMs: number) {
    let [endedMs, madeTwice, deaths, files] = [0, 0, 0, 0];
    for await (const some of store.results()) {
      for (const { ref, isSplit } of some) {
        if (isSplit) continue;
        const summary = await store.summary(ref);
        if (summary === null) throw new Error('A page has no results.');
        endedMs = Math.max(endedMs, summary.endedMs);
        madeTwice += summary.twice;
        deaths += summary.deaths;
        files += summary.ok;
      }
    }
    if (files !== workload.files) throw new Error(`${files} files have results`);
    const begun = readdirSync(folder)
      .filter((name) => name.startsWith('log-'))
      .reduce((sum, name) => sum + readFileSync(join(folder, name), 'utf8').split('\n').length - 1, 0);
    return { makespanMs: endedMs - startedMs, begunAgain: begun - files, madeTwice, deaths };
  }
}

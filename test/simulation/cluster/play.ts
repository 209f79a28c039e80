/**
 * Plays a batch over hosts: production's planner, hosts and fences over a broker, a share and threads that
 * are nothing but time. Returns what came of it.
 */
import type { Announcement } from '../../../src/cluster/broker.ts';
import { Host } from '../../../src/cluster/host.ts';
import { SimulatedBroker } from './broker.ts';
import { chance, drawn } from './chance.ts';
import { SimulatedProcess } from './process.ts';
import { ID, recordOf } from './record.ts';
import { SimulatedStore } from './store.ts';
import { fileThreads, usualLoad } from './threads.ts';
import type { Times } from './times.ts';
import { VirtualTime } from './virtual-time.ts';
import { pagesOf, type Workload, workSeconds } from './workload.ts';

export type Evil =
  /** Others come in their place. */
  | { readonly atMs: number; readonly kind: 'killed'; readonly hosts: readonly number[] }
  | {
      readonly atMs: number;
      readonly kind: 'stopped';
      readonly hosts: readonly number[];
      readonly forMs: number;
    }
  /** They leave as after SIGTERM, and nobody comes. */
  | { readonly atMs: number; readonly kind: 'drained'; readonly hosts: readonly number[] }
  /** They do not reach the broker. */
  | {
      readonly atMs: number;
      readonly kind: 'cut off';
      readonly hosts: readonly number[];
      readonly forMs: number;
    }
  | { readonly atMs: number; readonly kind: 'broker away'; readonly forMs: number };

export interface Cluster {
  readonly hosts: number;
  readonly threads: number;
  /** Of the hosts, this share takes so many times as long for everything. */
  readonly slow: { readonly share: number; readonly times: number };
  readonly lockMs: number;
  readonly stalledMs: number;
  readonly workload: Workload;
  readonly times: Times;
  /** What the times of steps are drawn by. Default: the seed of the workload. */
  readonly draws?: number;
  readonly evils: readonly Evil[];
}

export interface Played {
  readonly makespanMs: number;
  /** As if all threads had worked until the end, and nothing had cost anything. */
  readonly idealMs: number;
  readonly pages: number;
  /** Times that a file was begun that had been begun before. */
  readonly begunAgain: number;
  /** Of hosts that were killed or stopped: files that had begun then, and were not written down as ended. */
  readonly inFlight: number;
  /** Times that a file of a page was begun whose lock had ended. */
  readonly begunUnheld: number;
  /** Files whose results say that their output was there, and the same. */
  readonly madeTwice: number;
  /** Files without a result. */
  readonly missing: number;
  readonly deaths: number;
  /** Times that a host read the names of all results. */
  readonly walks: number;
  /** From the last result until the batch is known to be done; null where that never was. */
  readonly closingMs: number | null;
  /** Questions by their kind. */
  readonly broker: Readonly<Record<string, number>>;
  readonly brokerBusyMs: number;
  /** Of its busiest second. */
  readonly brokerMostBusy: number;
  readonly holesMs: readonly number[];
  /** From when the last file began. */
  readonly tailMs: number;
  /** Of threads, of the file that takes longest. */
  readonly longestSeconds: number;
  /** From when a host is told to leave until it has left: the longest. */
  readonly leavingMs: number;
}

/** Of a batch that has stuck. */
const MOST_TIMES = 10;
/** How often is told how far it is. */
const TOLD_EACH = 0.1;

/** @param told hears of each tenth of the files, and when that was */
export async function play(
  cluster: Cluster,
  told: (share: number, atMs: number) => void = () => {},
): Promise<Played> {
  const { hosts, threads, slow, lockMs, stalledMs, workload, times, evils } = cluster;
  const { seed, files } = workload;
  const draws = cluster.draws ?? seed;
  const time = new VirtualTime();
  const pages = pagesOf(workload);
  const announced: Announcement = {
    ...{ id: ID, folder: '/out', weight: 1, priority: 0, submittedMs: 0, engine: null },
  };
  const record = recordOf(workload);
  const store = new SimulatedStore({ time, times, draws, workload, record, pages });
  const broker = new SimulatedBroker({ time, times, seed: draws, lockMs, stalledMs });
  broker.fill(announced, pages.length);
  const begun = new Uint8Array(files);
  const pageOf = new Uint32Array(files);
  for (const [page, { offset, files }] of pages.entries()) pageOf.fill(page, offset, offset + files);
  let begunAgain = 0;
  let begunUnheld = 0;
  let inFlight = 0;
  let lastBeginMs = 0;
  let idealMs = 0;
  let longestSeconds = 0;
  let leavingMs = 0;
  const workMs = new Float64Array(files);
  for (let at = 0; at < files; at++) {
    const seconds = workSeconds(workload, at);
    workMs[at] = seconds * 1000;
    idealMs += workMs[at];
    longestSeconds = Math.max(longestSeconds, seconds);
  }

  const running: {
    number: number;
    process: SimulatedProcess;
    host: Host;
    left: Promise<void>;
    atWork: Set<string>;
  }[] = [];
  const isSlow = (at: number): boolean => chance(seed, at, 7) < slow.share;
  let speed = 0;
  for (let at = 0; at < hosts; at++) speed += threads / (isSlow(at) ? slow.times : 1);

  let births = 0;
  const start = (at: number): void => {
    const process = new SimulatedProcess(time);
    const times_ = isSlow(at) ? slow.times : 1;
    const number = births++;
    let drawnFiles = 0;
    const atWork = new Set<string>();
    const maker = fileThreads({
      threads,
      lastsMs: (input) =>
        times_ * workMs[Number(input)] + drawn(times.file, chance(draws, number, drawnFiles++, 8)),
      after: (ms, action) => process.after(ms, action),
      nowMs: process.clock.nowMs,
      began: (input) => {
        atWork.add(input);
        if (!broker.holds(number, pageOf[Number(input)])) begunUnheld++;
        if (begun[Number(input)]++ > 0) begunAgain++;
        lastBeginMs = time.nowMs;
      },
      put: (input) => store.put(Number(input)),
      isThere: (input) => store.isThere(Number(input)),
    });
    const host = new Host({
      broker: broker.connect(process, number),
      maker,
      clock: process.clock,
      ...{ name: `${at}`, token: `${number}`, engine: 'time' },
      openStore: () => store.view(process, (input) => atWork.delete(input)),
      list: () => Promise.reject(new Error('It is listed.')),
      load: () => usualLoad(threads),
      say: () => {},
    });
    const left = host.run();
    running[at] = { number, process, host, left, atWork };
  };
  const born = (at: number): void => {
    const startMs = drawn(times.start, chance(draws, births, 9));
    time.at(time.nowMs + startMs, () => start(at));
  };
  for (let at = 0; at < hosts; at++) start(at);
  for (const evil of evils) {
    time.at(evil.atMs, () => {
      if (evil.kind === 'broker away') return broker.restart(evil.forMs);
      for (const at of evil.hosts) {
        const { number, process, host, left, atWork } = running[at];
        if (evil.kind === 'stopped' || (evil.kind === 'killed' && process.isAlive)) inFlight += atWork.size;
        if (evil.kind === 'stopped') process.stop(evil.forMs);
        else if (evil.kind === 'cut off') broker.cutOff(number, evil.forMs);
        else if (evil.kind === 'drained') {
          host.drain();
          void left.then(() => {
            leavingMs = Math.max(leavingMs, time.nowMs - evil.atMs);
          });
        } else {
          if (!process.isAlive) continue;
          process.kill();
          born(at);
        }
      }
    });
  }
  const lastEvilMs = Math.max(0, ...evils.map(({ atMs }) => atMs));
  const latestMs = Math.max(60_000, (idealMs / speed) * MOST_TIMES);
  let nextTold = TOLD_EACH;
  const mayEnd = (): boolean => {
    const share = store.filesEnded / files;
    for (; share >= nextTold; nextTold += TOLD_EACH) told(share, time.nowMs);
    return store.doneMs !== null && time.nowMs >= lastEvilMs;
  };
  await time.run(() => mayEnd() || time.nowMs > latestMs);
  return {
    makespanMs: store.lastMs,
    idealMs: idealMs / speed,
    pages: pages.length,
    ...{ begunAgain, begunUnheld, inFlight },
    madeTwice: store.toldTwice,
    missing: files - store.filesEnded,
    deaths: store.deaths,
    walks: store.walks,
    closingMs: store.doneMs === null ? null : store.doneMs - store.lastMs,
    broker: broker.load,
    brokerBusyMs: broker.busyMs,
    brokerMostBusy: Math.max(...broker.busyBySecond.filter((ms) => ms !== undefined)) / 1000,
    holesMs: broker.holesMs,
    tailMs: store.lastMs - lastBeginMs,
    longestSeconds,
    leavingMs,
  };
}

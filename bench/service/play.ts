/** Sends to a server from a process of its own, and watches what that costs the server. */
import { clearInterval, setInterval } from 'node:timers';
import { inOwnProcess } from '../own-process.ts';
import { cpuMs, pssBytes, rssBytes, treeOf } from './process-tree.ts';
import type { Kind, SenderOptions, SenderResult, Sent } from './sender-process.ts';
import type { Server, Work } from './servers.ts';

export interface Load {
  readonly name: string;
  readonly work: Work;
  readonly files: readonly string[];
  /** Of each file; all without. */
  readonly seconds?: number;
  readonly weight?: number;
}

export interface Plan extends Omit<SenderOptions, 'port' | 'kinds' | 'from' | 'seed' | 'clients'> {
  readonly loads: readonly Load[];
  readonly clients?: number;
  /** Bytes that were sent before are sent again. */
  readonly same?: boolean;
}

export interface Played extends SenderResult {
  readonly seconds: number;
  readonly serverCpuMs: number;
  /** Of its first process alone. */
  readonly frontCpuMs: number;
  /** The most of all its processes together, where pages that several share count once. */
  readonly peakBytes: number;
  /** Resident memory, as it was at regular times: of the first process, and of all. */
  readonly memory: readonly { readonly atMs: number; readonly front: number; readonly all: number }[];
}

const LOOK_MS = 500;
let bodies = 0;
let seed = 0;

export async function play(server: Server, plan: Plan): Promise<Played> {
  const { loads, clients = 1, same = false, ...rest } = plan;
  const kinds = loads.map(({ name, work, files, seconds, weight = 1 }): Kind => {
    const path = server.pathOf(work);
    return { name, path, files, weight, ...(seconds !== undefined && { seconds }) };
  });
  const from = same ? null : bodies;
  const options: SenderOptions = { port: server.port, kinds, clients, from, seed: ++seed, ...rest };
  const beforeMs = cpuMs(treeOf(server.pid));
  const frontBeforeMs = cpuMs([server.pid]);
  const memory: { atMs: number; front: number; all: number }[] = [];
  const startMs = performance.now();
  let peakBytes = 0;
  const look = (): void => {
    const pids = treeOf(server.pid);
    peakBytes = Math.max(peakBytes, sum(pids.map(pssBytes)));
    const [front, all] = [rssBytes(server.pid), sum(pids.map(rssBytes))];
    memory.push({ atMs: performance.now() - startMs, front, all });
  };
  const timer = setInterval(look, LOOK_MS);
  try {
    const result = await inOwnProcess<SenderResult>('./service/sender-process.ts', options);
    look();
    bodies += result.sent.length;
    const serverCpuMs = cpuMs(treeOf(server.pid)) - beforeMs;
    const frontCpuMs = cpuMs([server.pid]) - frontBeforeMs;
    // So many requests, or so long.
    const lastMs = Math.max(...result.sent.map(({ endMs }) => endMs));
    const seconds = plan.most === undefined ? plan.seconds : lastMs / 1000;
    return { ...result, seconds, serverCpuMs, frontCpuMs, peakBytes, memory };
  } finally {
    clearInterval(timer);
  }
}

export const isDone = ({ status }: Sent): boolean => status === 200;
/** Told at once to come back later. */
export const isRefused = ({ status }: Sent): boolean => status === 503 || status === 429;

/** From when it was to be sent. */
export const latencyMs = ({ dueMs, endMs }: Sent): number => endMs - dueMs;

/** From the last byte of its body, as the server saw it, to the last of the answer, as its client did. */
export const afterBodyMs = ({ sentMs, endMs, timing }: Sent): number => endMs - sentMs - timing.receive;

/**
 * What was done a second until the run ended, of what each request counts for; one that was under way then
 * counts as much as it was through.
 */
export function throughput({ sent, seconds }: Played, worth: (sent: Sent) => number = () => 1): number {
  const spanMs = seconds * 1000;
  const done = sent.filter(isDone).map((one) => {
    const part = Math.min(1, (spanMs - one.sentMs) / (one.endMs - one.sentMs));
    return Math.max(0, part) * worth(one);
  });
  return sum(done) / seconds;
}

export function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}

/** Hosts of a cluster as processes, and what they and others took of the CPU. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { HostProcess } from '../test/cluster/host-process.ts';
import { type RedisServer, whyNoRedis } from '../test/cluster/redis.ts';
import { childrenOf } from '../test/crash/processes.ts';
import type { Table } from './benchmark.ts';
import { checkout } from './machine.ts';
import { compile } from './transcoders.ts';

/** The built millpond. */
export const COMMAND = [process.execPath, join(checkout, 'dist', 'src', 'cli', 'bin.js')];
/** Of all hosts here: short, so that a death is over soon. */
export const LOCK_MS = 1500;
export const STALLED_MS = 500;

/** Of Linux, whatever the machine. */
const TICKS_A_SECOND = 100;
const LOOK_MS = 20;

/** A program and all that it has started, in seconds: of those that have ended and were waited for, too. */
export function cpuSecondsOf(pid: number): number {
  const stat = fieldsOf(pid);
  if (stat === null) return 0;
  return childrenOf(pid).reduce((sum, child) => sum + cpuSecondsOf(child), seconds(stat.slice(11, 15)));
}

/** Of this process alone. */
export function ownCpuSecondsOf(pid: number): number {
  return seconds(fieldsOf(pid)?.slice(11, 13) ?? []);
}

function seconds(ticks: readonly string[]): number {
  return ticks.reduce((sum, some) => sum + Number(some), 0) / TICKS_A_SECOND;
}

/** Of proc(5), from the third one. */
function fieldsOf(pid: number): string[] | null {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  } catch {
    return null;
  }
}

interface Ran {
  /** Seconds that a program took from its start to its end, with all that it started. */
  readonly cpu: number;
  /** Of that, its own, but for what it took when nobody looked any more. */
  readonly own: number;
  readonly text: string;
}

export async function cpuSecondsOfRun(command: readonly string[]): Promise<Ran> {
  const [program, ...args] = ['bash', '-c', `TIMEFORMAT='%U %S'; time "$@"`, 'bash', ...command];
  const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'] });
  let [text, said] = ['', ''];
  child.stdout.setEncoding('utf8').on('data', (part: string) => {
    text += part;
  });
  child.stderr.setEncoding('utf8').on('data', (part: string) => {
    said += part;
  });
  let own = 0;
  const looks = setInterval(() => {
    for (const pid of childrenOf(child.pid as number)) own = Math.max(own, ownCpuSecondsOf(pid));
  }, LOOK_MS);
  const [code] = await once(child, 'close');
  clearInterval(looks);
  if (code !== 0) throw new Error(`'${command.join(' ')}' ended with ${code}: ${said}`);
  const [user, system] = (said.trim().split('\n').at(-1) as string).split(' ').map(Number);
  return { cpu: user + system, own, text };
}

/** Runs what needs a broker in a folder of its own, which goes with it; where there is no broker, says so. */
export async function withBroker(title: string, run: (folder: string) => Promise<Table[]>): Promise<Table[]> {
  const why = whyNoRedis();
  if (why !== null) return [{ title, columns: ['', ''], rows: [['not measured', why]], notes: [] }];
  compile();
  const folder = mkdtempSync(join(tmpdir(), 'millpond-bench-'));
  try {
    return await run(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

export function startHosts(broker: RedisServer, count: number, threads: number): HostProcess[] {
  const lock = ['--lock', `${LOCK_MS}ms`, '--stalled', `${STALLED_MS}ms`];
  const args = ['--broker', broker.url, '--threads', `${threads}`, ...lock, '--verbose'];
  return Array.from({ length: count }, () => new HostProcess(COMMAND, args));
}

/** The first of them that has a page. */
export function firstToTake(hosts: readonly HostProcess[]): Promise<HostProcess> {
  return new Promise((resolve, reject) => {
    for (const host of hosts) {
      host.onTaken = () => resolve(host);
      void host.ended.then((code) => reject(new Error(`A host has ended with ${code}: ${host.text}`)));
      if (host.held.size > 0) resolve(host);
    }
  });
}

export async function submit(broker: RedisServer, input: string, out: string, options: readonly string[]) {
  const args = [...options, '--out', out, '--broker', broker.url];
  const { cpu, text } = await cpuSecondsOfRun([...COMMAND, 'cluster', 'submit', input, ...args]);
  return { cpu, id: text.trim() };
}

type Client = ReturnType<RedisServer['client']>;

export async function brokerSeconds(client: Client): Promise<number> {
  const info = await client.info('cpu');
  const of = (name: string): number => Number(new RegExp(`^${name}:(.*)$`, 'm').exec(info)?.[1]);
  return of('used_cpu_user') + of('used_cpu_sys');
}

export async function brokerBytes(client: Client): Promise<number> {
  return Number(/^used_memory:(\d+)/m.exec(await client.info('memory'))?.[1]);
}

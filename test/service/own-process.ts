/** A service in a process of its own, so that what it takes can be told from what its clients take. */
import { fork } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { KiB } from '../../src/bytes.ts';
import type { ServiceOptions } from '../../src/service/options.ts';
import { ask } from './requests.ts';
import type { Told } from './service-process.ts';

export interface OwnProcess extends AsyncDisposable {
  readonly url: string;
  readonly pid: number;
  /** Its heap, behind a collection. */
  heapBytes(): Promise<number>;
  leave(): Promise<{ endBytes: number; cut: number }>;
  /** What it wrote. */
  complaints(): string;
}

export async function startService(options: Partial<ServiceOptions>): Promise<OwnProcess> {
  const script = fileURLToPath(new URL('./service-process.ts', import.meta.url));
  const child = fork(script, [JSON.stringify(options)], {
    execArgv: ['--conditions=millpond-source', '--expose-gc'],
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
  });
  let text = '';
  child.stderr?.on('data', (piece) => {
    text += piece;
  });
  const told = (): Promise<Told> => {
    const { promise, resolve, reject } = Promise.withResolvers<Told>();
    const end = (): void => reject(new Error(`the service ended: ${text}`));
    child.once('exit', end);
    child.once('message', (message) => {
      child.off('exit', end);
      resolve(message as Told);
    });
    return promise;
  };
  const order = async <T>(what: string): Promise<T> => {
    const answer = told();
    child.send(what);
    return (await answer) as T;
  };
  const { url } = (await told()) as { url: string };
  return {
    url,
    pid: child.pid as number,
    heapBytes: async () => (await order<{ heapBytes: number }>('collect')).heapBytes,
    leave: () => order('leave'),
    complaints: () => text,
    async [Symbol.asyncDispose]() {
      if (child.exitCode === null) child.kill('SIGKILL');
    },
  };
}

/** The sum of a figure over its labels, as it is now. */
export async function metricsOf({ url }: OwnProcess): Promise<(name: string) => number> {
  const text = (await ask(url, { method: 'GET', path: '/metrics' }, never)).body.toString();
  return (name) => {
    const lines = text.matchAll(new RegExp(`^millpond_service_${name}(?:\\{.*\\})? (\\S+)$`, 'gm'));
    return Array.from(lines, ([, value]) => Number(value)).reduce((sum, value) => sum + value, 0);
  };
}

const never = new AbortController().signal;

/** Resident memory; 0 of one that has gone. */
export function rssBytes(pid: number): number {
  try {
    const status = readFileSync(`/proc/${pid}/status`, 'latin1');
    return Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1]) * KiB;
  } catch {
    return 0;
  }
}

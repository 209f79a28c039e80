/** The servers that are compared, each a process of its own, asked for the same work by paths of its own. */
import { type ChildProcess, spawn } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { checkout } from '../machine.ts';
import type { Peer } from '../peers.ts';
import { FFMPEG_OPTIONS } from '../transcoders.ts';
import type { SpawningOptions } from './spawning-process.ts';

export type Work = 'mp3' | 'flac' | 'opus';

export interface Server extends Disposable {
  readonly name: string;
  readonly pid: number;
  readonly port: number;
  pathOf(work: Work): string;
}

const QUERIES = { mp3: 'to=mp3&bitrate=64k', flac: 'to=flac&bits=16', opus: 'to=opus' };
/** What goes into a pipe has to name its format. */
const ARGS = Object.fromEntries(
  Object.entries(FFMPEG_OPTIONS).map(([work, options]) => [`/${work}`, [...options, '-f', work]]),
);

/** The command as it is installed. */
export async function millpondServer(workDir: string, threads: number): Promise<Server> {
  const command = join(checkout, 'dist', 'src', 'cli', 'bin.js');
  const options = [
    '--port',
    '0',
    '--threads',
    String(threads),
    '--work-dir',
    workDir,
    '--log-level',
    'error',
  ];
  const child = spawn(process.execPath, [command, 'serve', ...options], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  const port = await listening(child, child.stderr);
  return server('millpond serve', child, port, (work) => `/v1/transcode?${QUERIES[work]}`);
}

/** @param most ffmpegs at once; null for one for each request, at once */
export async function spawningServer({ program, name }: Peer, most: number | null): Promise<Server> {
  const script = fileURLToPath(new URL('./spawning-process.ts', import.meta.url));
  const options: SpawningOptions = { program, args: ARGS, most };
  const child = spawn(process.execPath, [script, JSON.stringify(options)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const port = await listening(child, child.stdout);
  const how = most === null ? 'one each' : `${most} at a time`;
  return server(`Fastify and ${name}, ${how}`, child, port, (work) => `/${work}`);
}

function server(name: string, child: ChildProcess, port: number, pathOf: (work: Work) => string): Server {
  return {
    name,
    pid: child.pid as number,
    port,
    pathOf,
    [Symbol.dispose]() {
      child.removeAllListeners('exit');
      child.kill('SIGTERM');
    },
  };
}

/** Which port it says that it listens at. */
function listening(child: ChildProcess, said: NodeJS.ReadableStream): Promise<number> {
  const { promise, resolve, reject } = Promise.withResolvers<number>();
  let text = '';
  said.on('data', (piece) => {
    text += piece;
    const port = /http:\/\/127\.0\.0\.1:(\d+)/.exec(text)?.[1];
    if (port !== undefined) resolve(Number(port));
  });
  child.on('error', reject);
  child.on('exit', (status) => {
    const error = new Error(`a server ended with ${status}: ${text}`);
    reject(error);
  });
  return promise;
}

/**
 * A real broker on loopback: Debian's redis-server, with its own folder, which can be killed, started again
 * and lose power, and whose clock can be set. Owns the process and the folder.
 */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, rmSync, statSync, truncateSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pass } from 'node:timers/promises';
import { Redis } from 'ioredis';
import type { ProcessFaults } from './process-faults.ts';

/** Null where it can be started; else why not. */
export function whyNoRedis(): string | null {
  try {
    execFileSync('redis-server', ['--version'], { stdio: 'ignore' });
    return null;
  } catch (error) {
    if (process.env.MILLPOND_REDIS === 'required') throw error;
    return 'there is no redis-server: apt-get install redis-server';
  }
}

const LOOK_MS = 100;
/** What a power loss takes: Redis syncs once a second. */
const LOST_MS = 1000;

export class RedisServer implements AsyncDisposable {
  readonly folder = mkdtempSync(join(tmpdir(), 'millpond-redis-'));
  readonly port: number;
  readonly #address: string;
  #process: ChildProcess | null = null;
  readonly #faults: ProcessFaults | null;
  #asks: Redis | null = null;
  #sizes: { ms: number; sizes: Map<string, number> }[] = [];
  /** What was written when its clock was set back, and until when by that clock nothing is synced. */
  #synced: { untilSeconds: number; sizes: Map<string, number> } | null = null;
  #looks: NodeJS.Timeout | null = null;

  private constructor(port: number, faults: ProcessFaults | null, address: string) {
    this.port = port;
    this.#faults = faults;
    this.#address = address;
  }

  /** @param address of this machine where it answers */
  static async start(faults: ProcessFaults | null = null, address = '127.0.0.1'): Promise<RedisServer> {
    const server = new RedisServer(await freePort(), faults, address);
    await server.start();
    return server;
  }

  get url(): string {
    return `redis://${this.#address}:${this.port}`;
  }

  async start(): Promise<void> {
    const options = ['--port', `${this.port}`, '--bind', this.#address, '--dir', this.folder];
    const durable = [
      '--protected-mode',
      'no',
      '--save',
      '',
      '--appendonly',
      'yes',
      '--appendfsync',
      'everysec',
    ];
    this.#sizes = [];
    this.#synced = null;
    const env = { ...process.env, ...this.#faults?.env };
    const started = spawn('redis-server', [...options, ...durable], { stdio: 'ignore', env });
    this.#process = started;
    const end = (): void => void started.kill('SIGKILL');
    process.once('exit', end);
    started.once('exit', () => process.off('exit', end));
    const client = new Redis(this.url, { maxRetriesPerRequest: null, retryStrategy: () => 20 });
    client.on('error', () => {});
    const ended = once(started, 'exit').then(([code]) => {
      if (this.#process === started) throw new Error(`redis-server ended with ${code}`);
    });
    await Promise.race([client.ping(), ended]).finally(() => client.disconnect());
    ended.catch(() => {});
    this.#looks = setInterval(() => this.#look(), LOOK_MS);
  }

  get pid(): number {
    return this.#process?.pid ?? 0;
  }

  get clockSeconds(): number {
    return this.#faults?.clockSeconds ?? 0;
  }

  /** Relative to what it really is. One that is set back syncs nothing until it is where it was. */
  setClock(seconds: number): void {
    if (this.#faults === null) throw new Error('it was started without faults');
    const before = this.clockSeconds;
    if (seconds < before) {
      const sizes = this.#durable();
      this.#synced ??= { untilSeconds: before, sizes };
    }
    if (this.#synced !== null && seconds >= this.#synced.untilSeconds) this.#synced = null;
    this.#faults.setClock(seconds);
  }

  /** As kill -9; what the system has been given stays. */
  async kill(): Promise<void> {
    if (this.#looks !== null) clearInterval(this.#looks);
    const ended = this.#process;
    this.#process = null;
    if (ended === null || ended.exitCode !== null || ended.signalCode !== null) return;
    ended.kill('SIGKILL');
    await once(ended, 'exit');
  }

  /** What was not synced is gone, to be started again. */
  async losePower(): Promise<void> {
    await this.kill();
    for (const [path, size] of this.#synced?.sizes ?? this.#durable()) {
      if ((statSync(path, { throwIfNoEntry: false })?.size ?? 0) > size) truncateSync(path, size);
    }
  }

  /** All connections, without a word. */
  async cutConnections(): Promise<void> {
    const client = new Redis(this.url, { maxRetriesPerRequest: 1 });
    client.on('error', () => {});
    await client.client('KILL', 'TYPE', 'normal', 'SKIPME', 'yes').catch(() => {});
    client.disconnect();
  }

  /** Whether hosts are told of a batch. */
  async knows(batch: string): Promise<boolean> {
    this.#asks ??= this.client();
    return (await this.#asks.hexists('millpond:batches', batch)) === 1;
  }

  /** A client of its own, to look around. */
  client(): Redis {
    const client = new Redis(this.url, { maxRetriesPerRequest: null });
    client.on('error', () => {});
    return client;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#asks?.disconnect();
    await this.kill();
    rmSync(this.folder, { recursive: true, force: true });
  }

  /** What was written a second ago. */
  #durable(): Map<string, number> {
    const before = this.#sizes.findLast(({ ms }) => ms <= performance.now() - LOST_MS) ?? this.#sizes[0];
    return before?.sizes ?? new Map();
  }

  #look(): void {
    const sizes = new Map<string, number>();
    const log = join(this.folder, 'appendonlydir');
    for (const name of readdirSync(log)) {
      if (name.includes('.incr.')) sizes.set(join(log, name), statSync(join(log, name)).size);
    }
    this.#sizes = [...this.#sizes.slice(-100), { ms: performance.now(), sizes }];
  }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  server.close();
  await pass(1);
  return port;
}

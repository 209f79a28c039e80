import { execFile } from 'node:child_process';
import { linkSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, inject, it } from 'vitest';
import { FolderStore } from '../../src/cluster/folder-store.ts';
import { writeWav } from '../audio/wav.ts';
import { HostProcess } from './host-process.ts';
import { RedisServer, whyNoRedis } from './redis.ts';

const FILES = 12;
/** Beside other work on the machine a host of more uses some of them only, and then no file waits. */
const THREADS = 1;
/** Of each file, some tenths of a second of work. */
const FRAMES = 8 * 44_100;
const ONE_PAGE = ['--page-work', '3600'];
const PRELOAD = `--import=${fileURLToPath(new URL('log-opens.ts', import.meta.url))}`;
const LOCK = ['--lock', '1500ms', '--stalled', '500ms'];

it.skipIf(whyNoRedis() !== null)(
  'a host that was stopped for longer than its lock begins no file of what others have by then',
  async () => {
    const folder = mkdtempSync(join(tmpdir(), 'millpond-stopped-'));
    const command = [process.execPath, inject('builtCommand')];
    const [input, out] = [join(folder, 'in'), join(folder, 'out')];
    try {
      await using redis = await RedisServer.start();
      const at = ['--broker', redis.url];
      makeFiles(input);
      const start = (name: string) => {
        const log = join(folder, name);
        const env = { NODE_OPTIONS: PRELOAD, MILLPOND_OPENED: log, MILLPOND_INPUTS: input };
        const host = new HostProcess(command, [...at, '--threads', `${THREADS}`, ...LOCK], env);
        return { host, begun: () => linesOf(log) };
      };
      const first = start('first');
      await using _first = first.host;
      const [program, ...rest] = command;
      const submit = ['cluster', 'submit', input, '--to', 'mp3', '--out', out, ...at, ...ONE_PAGE];
      const id = (await promisify(execFile)(program, [...rest, ...submit])).stdout.trim();
      await expect.poll(() => first.begun().length).toBeGreaterThan(3);
      first.host.signal('SIGSTOP');
      const second = start('second');
      await using _second = second.host;
      await expect.poll(() => second.begun().length).toBeGreaterThan(THREADS);
      const before = first.begun();
      first.host.signal('SIGCONT');
      // So it takes no other page, nor this one again where the machine stands still for a while.
      const left = first.host.leave();
      const store = new FolderStore(out, id);
      await expect.poll(() => store.state()).toBe('done');
      expect(await left).toBe(0);
      expect(first.begun()).toEqual(before);
      const again = before.filter((name) => second.begun().includes(name));
      console.log(`${before.length} files were begun by one, ${second.begun().length} by the other`);
      // Those that ran, and those that were just being written down.
      expect(again.length).toBeLessThanOrEqual(2 * THREADS);
      expect(new Set([...before, ...second.begun()]).size).toBe(FILES);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  },
);

function makeFiles(folder: string): void {
  mkdirSync(folder, { recursive: true });
  const samples = Int16Array.from({ length: FRAMES }, (_, at) => 9000 * Math.sin((at * at) / 1e6));
  writeWav(join(folder, '0.wav'), [samples], { rate: 44_100 });
  for (let at = 1; at < FILES; at++) linkSync(join(folder, '0.wav'), join(folder, `${at}.wav`));
}

/** Names of files, in the order in which they were begun. */
function linesOf(log: string): string[] {
  try {
    return readFileSync(log, 'utf8').trimEnd().split('\n');
  } catch {
    return [];
  }
}

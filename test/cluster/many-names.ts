/**
 * node --conditions=millpond-source test/cluster/many-names.ts [NAMES]: gives `millpond cluster submit` so
 * many names from a pipe, with a real redis-server, and prints what it came to, and the most memory that it
 * had had after each quarter of its time.
 *
 * Each name is looked at on disk, as all are. So many files are not made for it: the folders that names go
 * through are links to one, so that each file has a thousand names.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { FolderStore } from '../../src/cluster/folder-store.ts';
import type { ListTotals } from '../../src/cluster/store.ts';
import { build } from '../built.ts';
import { RedisServer } from './redis.ts';

const FOLDERS = 1000;
/** Of a name, its folders included: from the least to the most. */
const [LEAST_LETTERS, MOST_LETTERS] = [60, 100];
const NAMES_A_PIECE = 1000;
const LOOK_MS = 200;

const names = Number(process.argv[2] ?? 1_000_000);
const built = build();
const folder = mkdtempSync(join(tmpdir(), 'millpond-names-'));
await using broker = await RedisServer.start();
try {
  const input = join(folder, 'in');
  const files = makeFiles(input, Math.ceil(names / FOLDERS));
  console.log(JSON.stringify(await submit(input, files)));
} finally {
  rmSync(folder, { recursive: true, force: true });
  built.remove();
}

/** @returns their names */
function makeFiles(input: string, count: number): readonly string[] {
  mkdirSync(join(input, 'files'), { recursive: true });
  const fixed = join(input, '0000/.wav').length;
  return Array.from({ length: count }, (_, at) => {
    const letters = LEAST_LETTERS + (at % (MOST_LETTERS - LEAST_LETTERS + 1)) - fixed;
    const name = `${`${at}-`.padEnd(letters, 'abcdefghij')}.wav`;
    writeFileSync(join(input, 'files', name), '');
    return name;
  });
}

async function submit(input: string, files: readonly string[]) {
  const out = join(folder, 'out');
  const args = ['cluster', 'submit', '--files-from', '-', '--base', input, '--to', 'flac', '--out', out];
  const child = spawn(process.execPath, [built.command, ...args, '--broker', broker.url], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  let id = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    id += text;
  });
  const beganMs = performance.now();
  const peaks: number[] = [];
  const looks = setInterval(() => {
    const kib = mostKib(child.pid as number);
    if (kib !== null) peaks.push(Math.round(kib / 1024));
  }, LOOK_MS);
  const ended = once(child, 'close');
  await pipeline(Readable.from(pieces(input, files)), child.stdin);
  const [code] = await ended;
  clearInterval(looks);
  if (code !== 0) throw new Error(`it ended with ${code}`);
  const totals = (await new FolderStore(out, id.trim()).totals(0)) as ListTotals;
  if (totals.files !== names) throw new Error(`${totals.files} files are listed`);
  const seconds = Math.round((performance.now() - beganMs) / 1000);
  const peakMebibytes = [1, 2, 3, 4].map((quarter) => peaks[Math.ceil((quarter * peaks.length) / 4) - 1]);
  return { names, pages: totals.pages, seconds, peakMebibytes };
}

function* pieces(input: string, files: readonly string[]): Generator<string> {
  let piece: string[] = [];
  let left = names;
  for (let at = 0; at < FOLDERS; at++) {
    const place = join(input, `${at}`.padStart(4, '0'));
    symlinkSync('files', place);
    for (const name of files) {
      if (left-- === 0) break;
      piece.push(`${place}/${name}\n`);
      if (piece.length < NAMES_A_PIECE) continue;
      yield piece.join('');
      piece = [];
    }
    if (left < 0) break;
  }
  yield piece.join('');
}

/** The most memory that a process has had; null where it is gone. */
function mostKib(pid: number): number | null {
  try {
    const [, kib] = /^VmHWM:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? [];
    return kib === undefined ? null : Number(kib);
  } catch {
    return null;
  }
}

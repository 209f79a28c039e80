/** Programs that transcode a whole batch, each asked for the same work in its own words. */
import { execFileSync, spawn } from 'node:child_process';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { basename, extname, join } from 'node:path';
import type { Batch } from './audio-files.ts';
import { checkout } from './machine.ts';
import type { Peer } from './peers.ts';

export const FFMPEG_OPTIONS = {
  mp3: ['-c:a', 'libmp3lame', '-b:a', '64k'],
  flac: ['-c:a', 'flac', '-sample_fmt', 's16'],
};
const MILLPOND_OPTIONS = {
  mp3: ['--to', 'mp3', '--bitrate', '64k'],
  flac: ['--to', 'flac', '--bits', '16'],
};
const JOB_SETTINGS = {
  mp3: { to: 'mp3', bitrate: 64_000 },
  flac: { to: 'flac', bits: 16 },
};

export interface Transcoder {
  readonly name: string;
  readonly program: string;
  readonly args: readonly string[];
  /** Standard input, where the program reads one. */
  readonly list: string | undefined;
  readonly out: string;
  /** Its outputs have exactly the frames of their sources, also where codecs make that hard. */
  readonly exact: boolean;
}

/** What users install: compiled JavaScript, not the checkout's TypeScript. */
export function compile(): void {
  const stdio: ['ignore', number, number] = ['ignore', 2, 2];
  execFileSync('npm', ['run', '-s', 'build'], { cwd: checkout, stdio });
  execFileSync('npm', ['exec', '--', 'rolldown', '-c', join('bench', 'rolldown.config.js')], {
    cwd: checkout,
    stdio,
  });
}

/** @param isolate how many processes; 0 for none */
export function millpond(batch: Batch, folder: string, threads: number, isolate?: number): Transcoder {
  const how = isolate === undefined ? '' : ` --isolate ${isolate}`;
  const out = join(folder, `millpond-${threads}${how.replaceAll(' ', '')}`);
  return {
    name: `millpond --threads ${threads}${how}`,
    program: process.execPath,
    args: [
      join(checkout, 'dist', 'src', 'cli', 'bin.js'),
      ...['transcode', join(folder, 'in'), ...MILLPOND_OPTIONS[batch.to], '--out', out],
      ...['--threads', String(threads), '--quiet'],
      ...(isolate === undefined ? [] : ['--isolate', String(isolate)]),
    ],
    list: undefined,
    out,
    exact: true,
  };
}

export function withoutPool(batch: Batch, folder: string, threads: number): Transcoder {
  const out = join(folder, 'without-pool');
  return {
    name: `Piscina and node-av, ${threads} threads, without the pool`,
    program: process.execPath,
    args: [
      join(checkout, 'bench', '.built', 'bench', 'without-pool.js'),
      ...[join(folder, 'in'), out, String(threads), JSON.stringify(JOB_SETTINGS[batch.to])],
    ],
    list: undefined,
    out,
    exact: true,
  };
}

export function ffmpeg(
  peer: Peer,
  batch: Batch,
  inputs: readonly string[],
  out: string,
  processes: number,
): Transcoder {
  const options = FFMPEG_OPTIONS[batch.to];
  const words = inputs.map((input) => [input, ...options, outputOf(input, batch, out)]);
  return underXargs(peer, [peer.program, '-nostdin', '-v', 'error', '-y', '-i'], words, out, processes);
}

/** Only for 16-bit WAV to FLAC: it keeps a source's depth. Its level is ffmpeg's, 5, as is its default. */
export function flac(
  peer: Peer,
  batch: Batch,
  inputs: readonly string[],
  out: string,
  processes: number,
): Transcoder {
  const words = inputs.map((input) => [outputOf(input, batch, out), input]);
  return underXargs(peer, [peer.program, '--silent', '-f', '-5', '-o'], words, out, processes);
}

/** The same with so many files for each process, which then starts that much less often. */
export function flacOfMany(
  peer: Peer,
  filesEach: number,
  inputs: readonly string[],
  out: string,
  processes: number,
): Transcoder {
  const list = listOf([inputs], out);
  return {
    name: `${peer.name}, xargs -P${processes} -n ${filesEach}`,
    program: 'xargs',
    args: [
      ...['-0', '-P', String(processes), '-n', String(filesEach), peer.program],
      ...['--silent', '-f', '-5', `--output-prefix=${out}/`],
    ],
    list,
    out,
    exact: false,
  };
}

/** xargs is given the words of each process in turn, so that no shell comes between. */
function underXargs(
  peer: Peer,
  command: readonly string[],
  words: readonly (readonly string[])[],
  out: string,
  processes: number,
): Transcoder {
  const list = listOf(words, out);
  return {
    name: `${peer.name}, xargs -P${processes}`,
    program: 'xargs',
    args: ['-0', '-P', String(processes), '-n', String(words[0].length), ...command],
    list,
    out,
    exact: false,
  };
}

function listOf(words: readonly (readonly string[])[], out: string): string {
  const list = `${out}.list`;
  writeFileSync(list, words.flatMap((each) => each.map((word) => `${word}\0`)).join(''));
  return list;
}

export function outputOf(input: string, batch: Batch, out: string): string {
  return join(out, `${basename(input, extname(input))}.${batch.to}`);
}

/**
 * Runs it into a folder that is new each time.
 * @param watch is called when the folder is there and empty, just before the start
 * @returns milliseconds from start to exit
 */
export async function transcodeAll(
  { name, program, args, list, out }: Transcoder,
  watch?: (out: string) => void,
): Promise<number> {
  rmSync(out, { recursive: true, force: true });
  mkdirSync(out);
  watch?.(out);
  const startMs = performance.now();
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const child = spawn(program, args, { stdio: [list === undefined ? 'ignore' : 'pipe', 'ignore', 'pipe'] });
  let complaints = '';
  child.stderr!.on('data', (chunk) => {
    complaints += chunk;
  });
  child.on('error', reject);
  child.on('close', (status) => {
    if (status === 0) resolve();
    else reject(new Error(`${name} ended with ${status}: ${complaints.slice(0, 2000)}`));
  });
  if (list !== undefined) child.stdin!.end(readFileSync(list));
  await promise;
  return performance.now() - startMs;
}

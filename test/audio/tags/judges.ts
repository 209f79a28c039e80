/**
 * Who reads tags and has not written them: mutagen, FLAC's and Opus' own tools, AtomicParsley, mediainfo.
 * Where one is not there its tests say so; where `MILLPOND_JUDGES` is `required`, as in CI, they fail.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const SCRIPT = fileURLToPath(new URL('tags-of.py', import.meta.url));
/** Debian's, which has the modules that its packages install. */
export const PYTHON = '/usr/bin/python3';
const MOST_OUTPUT_BYTES = 2 ** 28;

interface Judged {
  /** Names as the format has them, each with its values. */
  readonly fields: readonly (readonly [name: string, ...values: (string | number | readonly number[])[]])[];
  readonly pictures: readonly {
    readonly type: number;
    readonly mime: string;
    readonly description: string;
    readonly size: number;
    readonly sha256: string;
  }[];
  /** In milliseconds. */
  readonly chapters?: readonly (readonly [start: number, end: number | null, title: string])[];
}

const required = process.env.MILLPOND_JUDGES === 'required';

/** For `skipIf`. */
export function lacks(
  name: 'mutagen' | 'metaflac' | 'flac' | 'opusinfo' | 'ogginfo' | 'AtomicParsley' | 'mediainfo',
): boolean {
  if (required) return false;
  const [command, args] = name === 'mutagen' ? [PYTHON, ['-c', 'import mutagen']] : [name, ['--version']];
  const missing =
    spawnSync(command, args).error !== undefined ||
    (name === 'mutagen' && spawnSync(command, args).status !== 0);
  if (missing) console.warn(`Tests that ask ${name} are left out: it is not installed.`);
  return missing;
}

export function mutagen(...paths: readonly string[]): Judged[] {
  const lines = output(PYTHON, [SCRIPT, ...paths])
    .trim()
    .split('\n');
  return lines.map((line) => JSON.parse(line));
}

export function output(command: string, args: readonly string[]): string {
  return execFileSync(command, args, { encoding: 'utf8', maxBuffer: MOST_OUTPUT_BYTES });
}

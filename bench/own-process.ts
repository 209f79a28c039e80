/** Runs a contender in a process of its own, so that its memory and its garbage are its own. */
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const OUTPUT_BYTES = 64 * 1024 * 1024;

/** @param script gets `options` as JSON in its first argument and prints its result as JSON */
export async function inOwnProcess<Result>(script: string, options: object): Promise<Result> {
  const file = fileURLToPath(new URL(script, import.meta.url));
  const { stdout } = await promisify(execFile)(
    process.execPath,
    ['--conditions=millpond-source', file, JSON.stringify(options)],
    { encoding: 'utf8', maxBuffer: OUTPUT_BYTES },
  );
  return JSON.parse(stdout);
}

/** The most memory that this process ever had resident. */
export function peakRssMiB(): number {
  return process.resourceUsage().maxRSS / 1024;
}

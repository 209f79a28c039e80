/** Runs a contender in a process of its own, so that its memory and its garbage are its own. */
import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
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

/**
 * The most memory that this process ever had resident. Linux keeps the figure of `resourceUsage` across the
 * start of a program, so there a child's begins with its parent's; that of /proc is the program's own.
 */
export function peakRssMiB(): number {
  const ownKib = /^VmHWM:\s+(\d+) kB$/m.exec(status())?.[1];
  return Number(ownKib ?? process.resourceUsage().maxRSS) / 1024;
}

function status(): string {
  try {
    return readFileSync('/proc/self/status', 'utf8');
  } catch {
    return '';
  }
}

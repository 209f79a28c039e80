/**
 * One compile cache for the whole run: the tests start hundreds of processes and threads, each of the same
 * modules.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/**
 * Node reads the variable in every process that is started from here on; tests pass on what is in their
 * environment.
 */
export function setup(): () => void {
  const folder = mkdtempSync(join(tmpdir(), 'millpond-compiled-'));
  process.env.NODE_COMPILE_CACHE = folder;
  return () => rmSync(folder, { recursive: true, force: true });
}

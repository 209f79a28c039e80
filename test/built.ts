/**
 * The command as it is installed, built once for the whole run: the tests start it hundreds of times, and
 * gathered into few files it starts in half the time.
 */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { TestProject } from 'vitest/node';

declare module 'vitest' {
  interface ProvidedContext {
    /** The built command, which Node runs as it is. */
    builtCommand: string;
  }
}

const checkout = fileURLToPath(new URL('..', import.meta.url));

/** Beside the build lies what lies beside it in a checkout: the manifest and the packages. */
export function setup(project: TestProject): () => void {
  const folder = mkdtempSync(join(tmpdir(), 'millpond-built-'));
  const remove = () => rmSync(folder, { recursive: true, force: true });
  try {
    for (const name of ['package.json', 'node_modules']) {
      symlinkSync(join(checkout, name), join(folder, name));
    }
    const rolldown = join(checkout, 'node_modules/rolldown/bin/cli.mjs');
    const build = ['-c', 'src/rolldown.config.js', '-d', join(folder, 'dist')];
    execFileSync(process.execPath, [rolldown, ...build], { cwd: checkout, stdio: ['ignore', 'ignore', 2] });
  } catch (error) {
    remove();
    throw error;
  }
  project.provide('builtCommand', join(folder, 'dist/src/cli/bin.js'));
  return remove;
}

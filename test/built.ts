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

export interface Built {
  /** What Node runs as it is. */
  readonly command: string;
  remove(): void;
}

/** Beside the build lies what lies beside it in a checkout: the manifest and the packages. */
export function build(): Built {
  const folder = mkdtempSync(join(tmpdir(), 'millpond-built-'));
  const remove = () => rmSync(folder, { recursive: true, force: true });
  try {
    for (const name of ['package.json', 'node_modules']) {
      symlinkSync(join(checkout, name), join(folder, name));
    }
    const rolldown = join(checkout, 'node_modules/rolldown/bin/cli.mjs');
    const options = ['-c', 'src/rolldown.config.js', '-d', join(folder, 'dist')];
    execFileSync(process.execPath, [rolldown, ...options], { cwd: checkout, stdio: ['ignore', 'ignore', 2] });
  } catch (error) {
    remove();
    throw error;
  }
  return { command: join(folder, 'dist/src/cli/bin.js'), remove };
}

export function setup(project: TestProject): () => void {
  const { command, remove } = build();
  project.provide('builtCommand', command);
  return remove;
}

import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';
import { createIsolatedRunner } from '../../src/isolation/index.ts';

const late = fileURLToPath(new URL('late.ts', import.meta.url));

it('a program waits for a process that starts late, and does not end before it', async () => {
  const { stdout } = await promisify(execFile)(process.execPath, ['--conditions=millpond-source', late]);
  expect(stdout).toBe('begun\n');
});

it('a process that somebody kills before it has started is started again', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'millpond-killed-'));
  process.env.KILLED_AT_START = join(folder, 'killed');
  try {
    const job = new URL('../jobs/killed-at-start.ts', import.meta.url);
    await using runner = await createIsolatedRunner({ job, threads: 1, spare: false });
    expect(await runner.run()).toBe('begun');
  } finally {
    delete process.env.KILLED_AT_START;
    rmSync(folder, { recursive: true });
  }
});

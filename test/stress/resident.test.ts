/**
 * What a release gives back to the system. The ledger is exact; resident memory is a slower witness, because
 * malloc keeps what it did not map by itself. So each tier is held to what its allocator can do (glibc's;
 * skipped elsewhere).
 */
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { KiB, MiB } from '../../src/bytes.ts';

const program = fileURLToPath(new URL('resident.ts', import.meta.url));
const isGlibc = 'glibcVersionRuntime' in (process.report.getReport() as { header: object }).header;
/**
 * Makes glibc map, and so give back, what is 64 KiB and larger; by itself it raises this to what it last gave
 * back.
 */
const EAGER = { MALLOC_MMAP_THRESHOLD_: '65536' };
const FILLED = 192 * MiB;

async function rounds(born: string, bytes: number, env: object = {}) {
  const args = ['--conditions=millpond-source', program, born, String(bytes), String(FILLED / bytes), '4'];
  const { stdout } = await promisify(execFile)(process.execPath, args, { env: { ...process.env, ...env } });
  const results = JSON.parse(stdout) as { before: number; full: number; after: number; usedBytes: number }[];
  expect(results[0].full - results[0].before).toBeGreaterThan(0.9 * FILLED);
  for (const { usedBytes } of results) expect(usedBytes).toBe(0);
  return results;
}

describe.skipIf(!isGlibc)('memory that is over the quota', () => {
  it.each([
    ['large', 'main', MiB, EAGER],
    ['large', 'worker', MiB, EAGER],
    ['medium', 'main', 64 * KiB, EAGER],
    ['medium', 'worker', 64 * KiB, EAGER],
  ])('of the %s tier, born on the %s thread, leaves the process at its release, round after round', async (_tier, born, bytes, env) => {
    const results = await rounds(born, bytes, env);
    for (const { full, after } of results) expect(full - after).toBeGreaterThan(0.9 * FILLED);
  });

  it('of the large tier, born on the main thread, leaves by itself at first, and later does not add up', async () => {
    const results = await rounds('main', MiB);
    // Later blocks come from arenas, which keep what lies below something that is in use.
    expect(results[0].full - results[0].after).toBeGreaterThan(0.9 * FILLED);
    for (const { full } of results) expect(full).toBeLessThan(results[0].full + 0.4 * FILLED);
  });

  it.each([
    ['small', 'main', 4 * KiB],
    ['small', 'worker', 4 * KiB],
    ['medium', 'main', 64 * KiB],
    ['medium', 'worker', 64 * KiB],
    ['large', 'worker', MiB],
  ])('of the %s tier, born on the %s thread, may stay with malloc, but does not add up', async (_tier, born, bytes) => {
    const results = await rounds(born, bytes);
    for (const { full } of results) expect(full).toBeLessThan(results[0].full + 0.4 * FILLED);
  });
});

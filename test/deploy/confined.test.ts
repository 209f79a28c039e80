/** A service that has no rights, and may write to its work directory and to nothing else. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { noise, wav } from '../audio/wav.ts';
import { bin, startProgram } from '../e2e/millpond.ts';
import { served } from '../e2e/served.ts';

const folder = mkdtempSync(join(tmpdir(), 'millpond-confined-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** A view of the files of its own, in which all is read-only but the folder `$1`; what follows runs there. */
const SCRIPT = `mount --bind "$1" "$1" && mount -o remount,ro,bind / && shift &&
  exec setpriv --no-new-privs --bounding-set=-all --inh-caps=-all "$@"`;
const confined = (...command: string[]): string[] => ['-m', 'sh', '-c', SCRIPT, 'sh', folder, ...command];

/** Where a container may not make a view of its own, nothing can be tried. */
function mayConfine(): boolean {
  try {
    execFileSync('unshare', confined('true'), { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

it.runIf(process.platform === 'linux' && mayConfine())(
  'works without rights in a read-only root',
  async () => {
    const work = join(folder, 'work');
    mkdirSync(work);
    const command = [
      process.execPath,
      ...bin,
      'serve',
      '--port',
      '0',
      '--threads',
      '1',
      '--wait',
      '900',
      '--work-dir',
      work,
    ];
    const env = { XDG_CACHE_HOME: join(folder, 'cache'), NODE_COMPILE_CACHE: undefined };
    const { child, ended, url } = await served(startProgram('unshare', confined(...command), env));
    const status = readFileSync(`/proc/${child.pid}/status`, 'utf8');
    expect(status).toMatch(/^CapEff:\s+0+$/m);
    expect(status).toMatch(/^NoNewPrivs:\s+1$/m);
    expect(readFileSync(`/proc/${child.pid}/mountinfo`, 'utf8')).toMatch(/^\d+ \d+ \S+ \/ \/ ro/m);
    // More than goes into memory, so it lies in the work directory.
    const body = wav([noise(441_000, 16, 1), noise(441_000, 16, 2)]);
    for (const query of ['to=wav', 'to=mp3', 'to=opus&delivery=stream']) {
      const response = await fetch(`${url}/v1/transcode?${query}`, { method: 'POST', body });
      expect(response.status).toBe(200);
      expect((await response.arrayBuffer()).byteLength).toBeGreaterThan(10_000);
    }
    child.kill('SIGTERM');
    expect((await ended).code).toBe(0);
    expect(readdirSync(work)).toEqual([]);
  },
);

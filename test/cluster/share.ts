/** A folder for outputs on a small file system of its own, which can be full or read-only for a while. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, statfsSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pass } from 'node:timers/promises';

const MEBIBYTES = 256;
const RETRY_MS = 5;
const TRIES = 200;

export class Share implements Disposable {
  readonly folder = mkdtempSync(join(tmpdir(), 'millpond-share-'));
  readonly #isMounted: boolean;

  constructor() {
    this.#isMounted = mount('-t', 'tmpfs', '-o', `size=${MEBIBYTES}m`, 'tmpfs', this.folder);
  }

  /** Only root may make one. */
  get canFail(): boolean {
    return this.#isMounted;
  }

  /** Not a byte more goes there. */
  async fill(ms: number): Promise<boolean> {
    if (!this.#isMounted) return false;
    const path = join(this.folder, 'full');
    try {
      // What others free meanwhile is taken, too.
      for (const end = performance.now() + ms; performance.now() < end; await pass(RETRY_MS)) {
        const { bavail, bsize } = statfsSync(this.folder);
        try {
          if (bavail > 0) writeFileSync(path, Buffer.alloc(Math.min(bavail, 16_384) * bsize), { flag: 'a' });
        } catch {
          // It was less by then.
        }
      }
    } finally {
      rmSync(path, { force: true });
    }
    return true;
  }

  /** False where it never came to pass: somebody wrote at each try. */
  async makeReadOnly(ms: number): Promise<boolean> {
    if (!this.#isMounted) return false;
    for (let tries = 0; !mount('-o', 'remount,ro', this.folder); tries++) {
      if (tries === TRIES) return false;
      await pass(RETRY_MS);
    }
    await pass(ms);
    if (!mount('-o', 'remount,rw', this.folder)) throw new Error('it stays read-only');
    return true;
  }

  [Symbol.dispose](): void {
    if (this.#isMounted) execFileSync('umount', ['-l', this.folder]);
    rmSync(this.folder, { recursive: true, force: true });
  }
}

function mount(...args: string[]): boolean {
  try {
    execFileSync('mount', args, { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

/**
 * A wall clock of a process that can be set, by libfaketime; its other clocks go on as they are. Redis does
 * not start with it: its allocator and that library call each other around a circle.
 */
import { existsSync, globSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const [LIBRARY] = globSync('/usr/lib/*/faketime/libfaketimeMT.so.1');

export class WallClock implements Disposable {
  readonly #folder = mkdtempSync(join(tmpdir(), 'millpond-clock-'));
  readonly #file = join(this.#folder, 'offset');

  constructor() {
    writeFileSync(this.#file, '+0');
  }

  static get isThere(): boolean {
    return LIBRARY !== undefined && existsSync(LIBRARY);
  }

  get env(): NodeJS.ProcessEnv {
    if (!WallClock.isThere) return {};
    return {
      LD_PRELOAD: LIBRARY,
      FAKETIME_TIMESTAMP_FILE: this.#file,
      FAKETIME_NO_CACHE: '1',
      FAKETIME_DONT_FAKE_MONOTONIC: '1',
      DONT_FAKE_MONOTONIC: '1',
    };
  }

  /** Relative to what it really is. */
  set(seconds: number): void {
    writeFileSync(this.#file, seconds < 0 ? `${seconds}` : `+${seconds}`);
  }

  [Symbol.dispose](): void {
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

/**
 * What goes wrong inside processes that are started with its environment, at any time: their wall clock is
 * off, their inputs are slow; inputs of certain names kill. Owns a page that these processes map.
 *
 * Not libfaketime: Redis' allocator and that library call each other around a circle, so no broker starts
 * with it, and it keeps a lock in shared memory, with which a child may be killed while others wait for it.
 */
import { execFileSync } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, rmSync, writeFileSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const SOURCE = fileURLToPath(new URL('process-faults.c', import.meta.url));

/** Inputs that open as a crash of the process, or as the death of its whole group. */
export const KILLS_ITS_PROCESS = 'kills-its-process.wav';
export const KILLS_ITS_HOST = 'kills-its-host.wav';

const CLOCK_AT = 0;
const INPUT_AT = 8;
const BYTES = 16;

let library: { path: string } | { whyNot: string } | null = null;

/** Compiled once for this process. */
function build(): { path: string } | { whyNot: string } {
  if (process.platform !== 'linux') return { whyNot: 'this is no Linux' };
  const folder = mkdtempSync(join(tmpdir(), 'millpond-faults-'));
  process.on('exit', () => rmSync(folder, { recursive: true, force: true }));
  const path = join(folder, 'process-faults.so');
  try {
    execFileSync('gcc', ['-O2', '-shared', '-fPIC', '-Wall', '-Wextra', '-Werror', '-o', path, SOURCE], {
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    return { path };
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    return { whyNot: 'there is no compiler: apt-get install gcc libc6-dev' };
  }
}

/** Null where processes can be given faults; else why not. */
export function whyNoFaults(): string | null {
  library ??= build();
  return 'whyNot' in library ? library.whyNot : null;
}

export class ProcessFaults implements Disposable {
  readonly #folder = mkdtempSync(join(tmpdir(), 'millpond-faults-'));
  readonly #path = join(this.#folder, 'page');
  readonly #page: number;
  #clockSeconds = 0;

  constructor() {
    writeFileSync(this.#path, Buffer.alloc(BYTES));
    this.#page = openSync(this.#path, 'r+');
  }

  /** To be started with; none where there can be no faults. */
  get env(): NodeJS.ProcessEnv {
    library ??= build();
    return 'path' in library ? { LD_PRELOAD: library.path, MILLPOND_FAULTS: this.#path } : {};
  }

  get clockSeconds(): number {
    return this.#clockSeconds;
  }

  /** Relative to what it really is; other clocks go on as they are. */
  setClock(seconds: number): void {
    this.#clockSeconds = seconds;
    this.#set(CLOCK_AT, seconds);
  }

  /** Each takes so much longer, without any work. */
  slowInputs(ms: number): void {
    this.#set(INPUT_AT, ms * 1000);
  }

  [Symbol.dispose](): void {
    closeSync(this.#page);
    rmSync(this.#folder, { recursive: true, force: true });
  }

  #set(at: number, value: number): void {
    const bytes = Buffer.alloc(8);
    bytes.writeBigInt64LE(BigInt(value));
    writeSync(this.#page, bytes, 0, bytes.length, at);
  }
}

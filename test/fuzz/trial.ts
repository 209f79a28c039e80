/**
 * The parent's side of a process that hostile files are tried in, one after the other. Owns the process: it
 * is ended where it gives no answer, and another takes its place when the next file comes.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { clearTimeout, setTimeout } from '../../src/timers.ts';
import type { Replied, Said } from './child.ts';
import type { Answer, Order } from './rules.ts';

const CHILD = fileURLToPath(new URL('child.ts', import.meta.url));

/** Without an answer for so long a file hangs, even on a busy machine. */
const HANG_MS = 180_000;
/** Of CPU: so much for a file, and for each MiB of it. */
const CPU_MS = 20_000;
const CPU_MS_PER_MIB = 20_000;
/** How much resident memory may grow over what it was before, and for each byte of the file. */
const MEMORY_BYTES = 256 * 1024 * 1024;
const MEMORY_PER_BYTE = 24;

const NEVER: Answer['outcomes'] = { file: 'none', memory: 'none', stream: 'none', analyze: 'none' };

export interface Verdict extends Answer {
  /** By how much resident memory was above what it was before, at the most: bytes. */
  readonly grewBytes: number;
  /** A process was lost. */
  readonly died: boolean;
}

export interface TrialOptions {
  /** A file that strace writes what the process opens to. */
  readonly trace?: string;
}

/** Files that one process tries before it is closed, and counts what it holds. */
const FILES_A_PROCESS = 400;

export class Trial {
  readonly #options: TrialOptions;
  #child: ChildProcess | null = null;
  #pid = 0;
  #tried = 0;
  #said = '';

  constructor(options: TrialOptions = {}) {
    this.#options = options;
  }

  async try(order: Order, bytes: number, mark?: string): Promise<Verdict> {
    const child = await this.#started();
    const before = this.#resetPeak();
    const reply = await this.#ask({ order, ...(mark !== undefined && { mark }) });
    if (reply === null || !('answer' in reply)) {
      return { outcomes: NEVER, broken: [this.#death(child)], cpuMs: 0, grewBytes: 0, died: true };
    }
    const { answer } = reply;
    const grewBytes = this.#memory('VmHWM') - before;
    const mib = bytes / (1024 * 1024);
    const broken = [...answer.broken];
    if (answer.cpuMs > CPU_MS + CPU_MS_PER_MIB * mib)
      broken.push(`time: ${Math.round(answer.cpuMs)} ms of CPU`);
    if (grewBytes > MEMORY_BYTES + MEMORY_PER_BYTE * bytes) broken.push(`memory grew by ${grewBytes} bytes`);
    if (++this.#tried >= FILES_A_PROCESS) broken.push(...(await this.close()));
    return { ...answer, broken, grewBytes, died: false };
  }

  /** Ends the process. @returns what did not hold of its end */
  async close(): Promise<string[]> {
    const child = this.#child;
    if (child === null) return [];
    const reply = await this.#ask('close');
    this.#child = null;
    this.#tried = 0;
    if (reply === null || !('closed' in reply)) return [`close: ${this.#death(child)}`];
    if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
    const { endBytes, leaks, left } = reply.closed;
    const end = endBytes + leaks + left.length;
    return end === 0
      ? []
      : [`close: ${endBytes} bytes at the end, ${leaks} leaks, ${left.length} threads left`];
  }

  async #started(): Promise<ChildProcess> {
    if (this.#child !== null) return this.#child;
    const node = [process.execPath, '--conditions=millpond-source', CHILD];
    const { trace } = this.#options;
    const [program, ...args] =
      trace === undefined
        ? node
        : ['strace', '-f', '-qq', '-s', '4096', '-e', 'trace=%file,%network', '-o', trace, ...node];
    const child = spawn(program, args, { stdio: ['ignore', 'ignore', 'pipe', 'ipc'] });
    this.#said = '';
    child.stderr!.setEncoding('utf8').on('data', (text: string) => {
      this.#said = (this.#said + text).slice(-4000);
    });
    this.#child = child;
    this.#tried = 0;
    const ready = await this.#ask(null);
    if (ready === null || !('pid' in ready))
      throw new Error(`The process did not start: ${this.#death(child)}`);
    this.#pid = ready.pid;
    return child;
  }

  /** @returns null where the process has died, or gave no answer and was ended */
  async #ask(said: Said | null): Promise<Replied | null> {
    const child = this.#child as ChildProcess;
    let timer: ReturnType<typeof setTimeout> | undefined;
    try {
      return await new Promise<Replied | null>((resolve) => {
        timer = setTimeout(() => resolve(null), HANG_MS);
        child.once('message', (reply: Replied) => resolve(reply));
        child.once('exit', () => resolve(null));
        if (said !== null) child.send(said, (error) => error && resolve(null));
      });
    } finally {
      clearTimeout(timer);
      child.removeAllListeners('message');
      child.removeAllListeners('exit');
    }
  }

  #death(child: ChildProcess): string {
    this.#child = null;
    const { exitCode, signalCode } = child;
    if (exitCode === null && signalCode === null) {
      child.kill('SIGKILL');
      return `hang: no answer for ${HANG_MS} ms`;
    }
    return `crash: ${signalCode ?? `exit code ${exitCode}`}${this.#said === '' ? '' : `: ${this.#said}`}`;
  }

  #resetPeak(): number {
    try {
      writeFileSync(`/proc/${this.#pid}/clear_refs`, '5');
    } catch {
      // Where it may not be reset, the peak counts all files so far: it is the higher one.
    }
    return this.#memory('VmRSS');
  }

  #memory(name: 'VmRSS' | 'VmHWM'): number {
    try {
      const status = readFileSync(`/proc/${this.#pid}/status`, 'utf8');
      return Number(new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(status)?.[1] ?? 0) * 1024;
    } catch {
      return 0;
    }
  }
}

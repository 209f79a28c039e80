/** `millpond cluster host` as a leader of a process group, which is killed with all that it has started. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { childrenOf, emptied } from '../crash/processes.ts';

/** Groups of their own outlive who started them, unless that sees to it. */
const groups = new Set<number>();
process.once('exit', () => {
  for (const pid of groups) killGroup(pid, 'SIGKILL');
});

export class HostProcess implements AsyncDisposable {
  readonly #child: ChildProcess;
  text = '';
  /** When it took pages that it has not let go of since, by their keys with their batches. */
  readonly held = new Map<string, number>();
  /** Since then it could have taken a page, and held none; null if it holds one. */
  idleSinceMs: number | null = null;
  #isIll = false;
  #line = '';
  /** It has said that it works. */
  readonly isThere: Promise<void>;
  readonly ended: Promise<number | null>;

  constructor(command: readonly string[], args: readonly string[], env: NodeJS.ProcessEnv = {}) {
    const [program, ...rest] = [...command, 'cluster', 'host', ...args];
    this.#child = spawn(program, rest, {
      env: { ...process.env, ...env },
      detached: true,
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    groups.add(this.pid);
    const there = Promise.withResolvers<void>();
    this.isThere = there.promise;
    this.#child.stderr?.setEncoding('utf8').on('data', (part: string) => {
      this.text += part;
      const lines = `${this.#line}${part}`.split('\n');
      this.#line = lines.pop() as string;
      for (const line of lines) this.#hear(line, there.resolve);
    });
    this.ended = once(this.#child, 'close').then(([code]) => {
      there.resolve();
      groups.delete(this.pid);
      return code as number | null;
    });
  }

  /** Is told of each page that it takes. */
  onTaken: (page: string) => void = () => {};

  #hear(line: string, isThere: () => void): void {
    if (line.startsWith('millpond: host ')) isThere();
    // What one says that cannot work for a while, and that it can again.
    if (line.includes('nothing is begun for a while') || line.includes('process-death')) this.#isIll = true;
    if (line.includes('going on') || line.endsWith(': taken')) this.#isIll = false;
    const [, page, batch, what] = /page (\S+) of (\w+):? (.*)/.exec(line) ?? [];
    const key = `${batch} ${page}`;
    if (what === 'taken') {
      this.onTaken(key);
      this.held.set(key, performance.now());
    } else this.held.delete(key);
    this.idleSinceMs = this.held.size > 0 || this.#isIll ? null : performance.now();
  }

  get pid(): number {
    return this.#child.pid as number;
  }

  get isAlive(): boolean {
    return this.#child.exitCode === null && this.#child.signalCode === null;
  }

  /** To the whole group. */
  signal(signal: NodeJS.Signals): void {
    killGroup(this.pid, signal);
  }

  /** One of the processes that work for it; false where there is none. */
  killChild(pick: (count: number) => number): boolean {
    const children = childrenOf(this.pid);
    if (children.length === 0) return false;
    process.kill(children[pick(children.length)], 'SIGKILL');
    return true;
  }

  async kill(): Promise<void> {
    this.signal('SIGKILL');
    await this.ended;
    await emptied(this.pid);
  }

  async leave(): Promise<number | null> {
    this.#child.kill('SIGTERM');
    return this.ended;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.signal('SIGCONT');
    await this.kill();
  }
}

function killGroup(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(-pid, signal);
  } catch {
    // It is gone.
  }
}

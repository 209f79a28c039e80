/** `millpond cluster host` as a leader of a process group, which is killed with all that it has started. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { childrenOf, emptied } from '../crash/processes.ts';

export class HostProcess implements AsyncDisposable {
  readonly #child: ChildProcess;
  text = '';
  /** When it took pages that it has not let go of since, by their keys with their batches. */
  readonly held = new Map<string, number>();
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
    const there = Promise.withResolvers<void>();
    this.isThere = there.promise;
    this.#child.stderr?.setEncoding('utf8').on('data', (part: string) => {
      this.text += part;
      const lines = `${this.#line}${part}`.split('\n');
      this.#line = lines.pop() as string;
      for (const line of lines) this.#hear(line);
      if (this.text.includes('millpond: host ')) there.resolve();
    });
    this.ended = once(this.#child, 'close').then(([code]) => {
      there.resolve();
      return code as number | null;
    });
  }

  /** Is told of each page that it takes. */
  onTaken: (page: string) => void = () => {};

  #hear(line: string): void {
    const [, page, batch, what] = /page (\S+) of (\w+): (.*)/.exec(line) ?? [];
    if (page === undefined) return;
    const key = `${batch} ${page}`;
    if (what === 'taken') {
      this.held.set(key, performance.now());
      this.onTaken(key);
    } else this.held.delete(key);
  }

  get pid(): number {
    return this.#child.pid as number;
  }

  get isAlive(): boolean {
    return this.#child.exitCode === null && this.#child.signalCode === null;
  }

  /** To the whole group. */
  signal(signal: NodeJS.Signals): void {
    try {
      process.kill(-this.pid, signal);
    } catch {
      // It is gone.
    }
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

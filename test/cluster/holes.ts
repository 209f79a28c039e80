/**
 * How long pages of hosts that died waited for another host. Owns which of them wait.
 *
 * A hole counts where nothing else went wrong within it or just before, and where the test itself did not
 * stand; it has a limit where another host was idle all the time. What the machine kept the broker and such a
 * host waiting for a core is added to that.
 */
import { waitedMs } from '../crash/processes.ts';
import type { HostProcess } from './host-process.ts';

export interface HolesTally {
  readonly count: number;
  readonly median: number;
  readonly most: number;
}

interface Orphan {
  readonly diedMs: number;
  /** What each process that matters had waited for a core. */
  readonly waitedMs: ReadonlyMap<number, number>;
}

interface HolesOptions {
  readonly limitMs: number;
  hosts(): readonly HostProcess[];
  brokerPid(): number;
}

/** What went wrong before has its effects for so long. */
const AFTERMATH_MS = 2000;

export class Holes {
  readonly #options: HolesOptions;
  readonly #orphans = new Map<string, Orphan>();
  #quietSinceMs = 0;
  readonly #all: number[] = [];
  readonly #besideIdle: number[] = [];
  /** Over the limit. */
  readonly tooLong: string[] = [];

  constructor(options: HolesOptions) {
    this.#options = options;
  }

  get all(): HolesTally {
    return tallied(this.#all);
  }

  /** Those where another host was idle. */
  get besideIdle(): HolesTally {
    return tallied(this.#besideIdle);
  }

  get waiting(): number {
    return this.#orphans.size;
  }

  /** Milliseconds until a death would count. */
  get restMs(): number {
    return Math.max(0, this.#quietSinceMs + AFTERMATH_MS - performance.now());
  }

  /** Something else goes, or went, wrong. */
  disturbed(): void {
    this.#orphans.clear();
    this.#quietSinceMs = performance.now();
  }

  died(host: HostProcess, diedMs: number): void {
    if (diedMs < this.#quietSinceMs + AFTERMATH_MS) return;
    const pids = [this.#options.brokerPid(), ...this.#options.hosts().map(({ pid }) => pid)];
    const waited = new Map(pids.map((pid) => [pid, waitedMs(pid)]));
    for (const page of host.held.keys()) this.#orphans.set(page, { diedMs, waitedMs: waited });
  }

  /** Before its host is told to hold it. */
  taken(page: string): void {
    const orphan = this.#orphans.get(page);
    if (orphan === undefined) return;
    this.#orphans.delete(page);
    const ms = performance.now() - orphan.diedMs;
    this.#all.push(ms);
    const idle = this.#options
      .hosts()
      .filter(({ isAlive, idleSinceMs }) => isAlive && idleSinceMs !== null && idleSinceMs < orphan.diedMs);
    if (idle.length === 0) return;
    this.#besideIdle.push(ms);
    const waited = (pid: number): number => waitedMs(pid) - (orphan.waitedMs.get(pid) ?? 0);
    const excuseMs = waited(this.#options.brokerPid()) + Math.min(...idle.map(({ pid }) => waited(pid)));
    if (ms <= this.#options.limitMs + excuseMs) return;
    const limit = `${this.#options.limitMs} + ${Math.round(excuseMs)} ms that the machine took`;
    this.tooLong.push(`page ${page} waited ${Math.round(ms)} ms, over ${limit}`);
  }
}

function tallied(holes: readonly number[]): HolesTally {
  const sorted = holes.map(Math.round).sort((a, b) => a - b);
  return { count: sorted.length, median: sorted[sorted.length >> 1] ?? 0, most: sorted.at(-1) ?? 0 };
}

/**
 * Hosts and a broker to which evils happen. Owns the hosts: so many at any time, but for those that are about
 * to come.
 */
import { setTimeout as pass } from 'node:timers/promises';
import type { Choices } from '../simulation/choices.ts';
import { Holes } from './holes.ts';
import { HostProcess } from './host-process.ts';
import { ProcessFaults } from './process-faults.ts';
import type { RedisServer } from './redis.ts';
import type { Share } from './share.ts';

const EVILS = [
  'host killed',
  'child killed',
  'host stopped',
  'connections cut',
  'broker killed',
  'power lost',
  "a host's clock set",
  "the broker's clock set",
  'folder full',
  'folder read-only',
] as const;
export type Evil = (typeof EVILS)[number];

const LOCK_MS = 1500;
const STALLED_MS = 500;
const LOCK = ['--lock', `${LOCK_MS}ms`, '--stalled', `${STALLED_MS}ms`];
/** From the death of a host until another has its pages, where one is idle. */
const MOST_HOLE_MS = LOCK_MS + STALLED_MS + 1000;
const MOST_ILL_MS = 2000;
const STEPS_SECONDS = [-86_400, -10, -1, 0, 1, 10, 86_400];
const LOOK_MS = 20;
/** The test itself stood when a timer is so late. */
const STOOD_MS = 500;

interface EvilParts {
  readonly command: readonly string[];
  readonly hosts: number;
  readonly broker: RedisServer;
  readonly share: Share;
  /** Whether processes have faults. */
  readonly faults: boolean;
}

interface FaultyHost {
  readonly host: HostProcess;
  readonly faults: ProcessFaults;
}

export class TormentedHosts implements AsyncDisposable {
  readonly holes: Holes;
  /** Hosts that died by an input, which some may. */
  byInputs = 0;
  mayDieByInputs = false;
  /** Milliseconds for which this process stood. */
  stoodMs = 0;
  readonly #parts: EvilParts;
  #all: FaultyHost[] = [];
  #gone: HostProcess[] = [];
  #inputMs = 0;
  #fault: string | null = null;
  readonly #beats: NodeJS.Timeout;
  #beatMs = performance.now();

  constructor(parts: EvilParts) {
    this.#parts = parts;
    this.holes = new Holes({
      limitMs: MOST_HOLE_MS,
      hosts: () => this.#all.map(({ host }) => host),
      brokerPid: () => parts.broker.pid,
    });
    this.#beats = setInterval(() => this.#beat(), LOOK_MS);
    while (this.#all.length < parts.hosts) this.#start();
  }

  /** Those that can happen here. */
  get evils(): readonly Evil[] {
    const { faults, share } = this.#parts;
    return EVILS.filter((evil) => {
      if (evil.endsWith('clock set')) return faults;
      if (evil.startsWith('folder')) return share.canFail;
      return true;
    });
  }

  /** Throws what should not have happened. */
  check(): void {
    const fault = this.#fault ?? this.holes.tooLong[0];
    if (fault !== undefined) throw new Error(fault);
  }

  /** Each input takes so much longer. */
  slowInputs(ms: number): void {
    this.#inputMs = ms;
    for (const { faults } of this.#all) faults.slowInputs(ms);
  }

  #beat(): void {
    const lateMs = performance.now() - this.#beatMs - LOOK_MS;
    this.#beatMs = performance.now();
    if (lateMs < STOOD_MS) return;
    this.stoodMs += lateMs;
    this.holes.disturbed();
  }

  #start(): void {
    const { command, broker, faults: areThere } = this.#parts;
    const faults = new ProcessFaults();
    faults.slowInputs(this.#inputMs);
    const args = ['--broker', broker.url, '--threads', '1', '--verbose', ...LOCK];
    const host = new HostProcess(command, args, areThere ? faults.env : {});
    host.onTaken = (page) => this.holes.taken(page);
    const one = { host, faults };
    this.#all.push(one);
    const stoodMs = this.stoodMs;
    void host.ended.then((code) => {
      if (!this.#all.includes(one)) return;
      this.#beat();
      if (this.mayDieByInputs && code === null) this.byInputs++;
      // Where all stood for a minute, no host's threads came in time.
      else if (this.stoodMs === stoodMs) this.#fault ??= `a host ended by itself: ${host.text.slice(-1500)}`;
      this.#all = this.#all.filter((other) => other !== one);
      this.#replace(one, performance.now());
    });
  }

  #replace({ host, faults }: FaultyHost, diedMs: number): void {
    this.holes.died(host, diedMs);
    this.#gone.push(host);
    faults[Symbol.dispose]();
    this.#start();
  }

  /** False where it was dead already. */
  async #kill(one: FaultyHost): Promise<boolean> {
    if (!this.#all.includes(one)) return false;
    this.#all = this.#all.filter((other) => other !== one);
    const diedMs = performance.now();
    await one.host.kill();
    this.#replace(one, diedMs);
    return true;
  }

  /** One that holds a page dies, and nothing else happens until others have that; false if none held one. */
  async killAlone(choices: Choices): Promise<boolean> {
    await pass(this.holes.restMs);
    const busy = this.#all.filter(({ host }) => host.held.size > 0);
    if (busy.length === 0) return false;
    if (!(await this.#kill(busy[choices.pick(busy.length)]))) return false;
    const untilMs = performance.now() + 2 * MOST_HOLE_MS;
    while (this.holes.waiting > 0 && performance.now() < untilMs) await pass(LOOK_MS);
    return true;
  }

  /** False where it did not come to pass. */
  async suffer(evil: Evil, choices: Choices): Promise<boolean> {
    if (evil !== 'host killed') this.holes.disturbed();
    const one = this.#all[choices.pick(this.#all.length)];
    await one.host.isThere;
    try {
      return await this.#suffer(evil, one, choices);
    } finally {
      if (evil !== 'host killed') this.holes.disturbed();
    }
  }

  async #suffer(evil: Evil, one: FaultyHost, choices: Choices): Promise<boolean> {
    const { broker, share } = this.#parts;
    const { host, faults } = one;
    switch (evil) {
      case 'host killed':
        return this.#kill(one);
      case 'child killed':
        return host.killChild((count) => choices.pick(count));
      case 'host stopped':
        host.signal('SIGSTOP');
        await pass(LOCK_MS * (1.2 + choices.pick(10) / 10));
        host.signal('SIGCONT');
        return true;
      case 'connections cut':
        await broker.cutConnections();
        return true;
      case 'broker killed':
        await broker.kill();
        await pass(choices.pick(LOCK_MS * 2));
        await broker.start();
        return true;
      case 'power lost':
        await broker.losePower();
        await broker.start();
        return true;
      case "a host's clock set":
        return otherwise(choices, faults.clockSeconds, (seconds) => faults.setClock(seconds));
      case "the broker's clock set":
        return otherwise(choices, broker.clockSeconds, (seconds) => broker.setClock(seconds));
      case 'folder full':
        return share.fill(choices.pick(MOST_ILL_MS));
      case 'folder read-only':
        return share.makeReadOnly(choices.pick(MOST_ILL_MS));
    }
  }

  /** What they said last. */
  words(): string {
    const all = [...this.#gone.slice(-3), ...this.#all.map(({ host }) => host)];
    return all.map(({ text }) => `\n${text.slice(-1500)}`).join('\n--');
  }

  async [Symbol.asyncDispose](): Promise<void> {
    clearInterval(this.#beats);
    const all = this.#all;
    this.#all = [];
    await Promise.all(all.map(({ host }) => host[Symbol.asyncDispose]()));
    for (const { faults } of all) faults[Symbol.dispose]();
  }
}

function otherwise(choices: Choices, seconds: number, set: (seconds: number) => void): true {
  const others = STEPS_SECONDS.filter((step) => step !== seconds);
  set(others[choices.pick(others.length)]);
  return true;
}

/**
 * Hosts and a broker to which evils happen. Owns the hosts: so many at any time, but for those that are about
 * to come.
 */
import { setTimeout as pass } from 'node:timers/promises';
import type { Choices } from '../simulation/choices.ts';
import { Holes } from './holes.ts';
import { HostProcess } from './host-process.ts';
import type { NfsNetwork } from './nfs/nfs-network.ts';
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
/** Of machines that have the folder over a network. */
const NFS_EVILS = [
  'host killed',
  'host stopped',
  'connections cut',
  'broker killed',
  'power lost',
  'folder full',
  'share cut off',
  'share killed',
  'share stopped',
  'answer to a link lost',
] as const;
export type Evil = (typeof EVILS)[number] | (typeof NFS_EVILS)[number];

const LOCK_MS = 1500;
const STALLED_MS = 500;
const LOCK = ['--lock', `${LOCK_MS}ms`, '--stalled', `${STALLED_MS}ms`];
/** From the death of a host until another has its pages, where one is idle. */
const MOST_HOLE_MS = LOCK_MS + STALLED_MS + 1000;
const MOST_ILL_MS = 2000;
const STEPS_SECONDS = [-86_400, -10, -1, 0, 1, 10, 86_400];
const LOOK_MS = 20;
/** Hosts that work link something in so much time. */
const LINKED_MS = 5000;
/** The test itself stood when a timer is so late. */
const STOOD_MS = 500;

interface EvilParts {
  readonly command: readonly string[];
  readonly hosts: number;
  readonly broker: RedisServer;
  readonly share: Share;
  /** Whether processes have faults. */
  readonly faults: boolean;
  readonly network: NfsNetwork | null;
}

interface FaultyHost {
  readonly host: HostProcess;
  readonly faults: ProcessFaults;
  /** Which of the machines it is, where hosts are such. */
  readonly place: number;
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
      // Machines in user mode, on the cores of one, are busy where they should be idle.
      limitMs: parts.network === null ? MOST_HOLE_MS : Number.POSITIVE_INFINITY,
      hosts: () => this.#all.map(({ host }) => host),
      brokerPid: () => parts.broker.pid,
    });
    this.#beats = setInterval(() => this.#beat(), LOOK_MS);
    for (let place = 0; place < parts.hosts; place++) this.#start(place);
  }

  /** Those that can happen here. */
  get evils(): readonly Evil[] {
    const { faults, share, network } = this.#parts;
    return (network === null ? EVILS : NFS_EVILS).filter((evil) => {
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

  #start(place: number): void {
    const { broker, faults: areThere, network } = this.#parts;
    const command = network?.command(place, this.#parts.command[1]) ?? this.#parts.command;
    const faults = new ProcessFaults();
    faults.slowInputs(this.#inputMs);
    const args = ['--broker', broker.url, '--threads', '1', '--verbose', ...LOCK];
    const host = new HostProcess(command, args, { ...(areThere ? faults.env : {}), ...network?.env });
    host.onTaken = (page) => this.holes.taken(page);
    const one = { host, faults, place };
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

  #replace({ host, faults, place }: FaultyHost, diedMs: number): void {
    this.holes.died(host, diedMs);
    this.#gone.push(host);
    faults[Symbol.dispose]();
    this.#start(place);
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
    const { broker, share, network } = this.#parts;
    const { host, faults } = one;
    switch (evil) {
      case 'host killed':
        return this.#kill(one);
      case 'child killed':
        return host.killChild((count) => choices.pick(count));
      case 'host stopped':
        // A machine in user mode looks after its processes, and these must not be stopped.
        if (network === null) host.signal('SIGSTOP');
        else process.kill(host.pid, 'SIGSTOP');
        await pass(LOCK_MS * (1.2 + choices.pick(10) / 10));
        if (network === null) host.signal('SIGCONT');
        else process.kill(host.pid, 'SIGCONT');
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
      case 'share cut off':
        network?.cutConnections();
        return true;
      case 'share killed':
        await network?.killServer(choices.pick(MOST_ILL_MS));
        return true;
      case 'share stopped':
        await network?.stopServer(choices.pick(MOST_ILL_MS));
        return true;
      case 'answer to a link lost':
        return (await network?.loseAnswer('link', LINKED_MS)) === true;
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

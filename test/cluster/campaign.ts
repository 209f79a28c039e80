/**
 * Batches over hosts that are killed, stopped and cut off at random, with the broker and the folder, until
 * there were so many evils; then each has to be done, whole, and once. Owns hosts, broker and folder.
 */
import { setTimeout as pass } from 'node:timers/promises';
import { FolderStore } from '../../src/cluster/folder-store.ts';
import { type Choices, seeded } from '../simulation/choices.ts';
import { BatchFolder, type Verdict } from './batch-folder.ts';
import { HostProcess } from './host-process.ts';
import { RedisServer } from './redis.ts';
import { Share } from './share.ts';
import { WallClock } from './wall-clock.ts';

const EVILS = [
  'host killed',
  'host killed',
  'child killed',
  'host stopped',
  'connections cut',
  'broker killed',
  'power lost',
  'clock set',
  'folder full',
  'folder read-only',
] as const;
type Evil = (typeof EVILS)[number];

interface CampaignOptions {
  /** The program and what it is given to be `millpond`. */
  readonly command: readonly string[];
  readonly hosts: number;
  readonly kills: number;
  readonly seed: number;
  readonly files: number;
  readonly evils?: readonly Evil[];
  /** Whether their wall clocks can be set; hosts are slower so. Default false. */
  readonly clocks?: boolean;
  readonly report?: (line: string) => void;
}

interface Tally extends Verdict {
  readonly batches: number;
  readonly evils: Readonly<Record<string, number>>;
  readonly seconds: number;
  /** Milliseconds from the death of a host until another took what it held, where nothing came between. */
  readonly holes: { readonly count: number; readonly median: number; readonly most: number };
}

const LOCK = ['--lock', '1500ms', '--stalled', '500ms'];
const LOCK_MS = 1500;
/** A batch that is not done by then has stuck. */
const DONE_MS = 300_000;
const MOST_PAUSE_MS = 600;
const LOOK_MS = 50;
const MOST_ILL_MS = 2000;
const STEPS_SECONDS = [-86_400, -10, -1, 0, 1, 10, 86_400];

export async function campaign(options: CampaignOptions): Promise<Tally> {
  const { command, seed, files, report = () => {} } = options;
  const startedMs = performance.now();
  await using broker = await RedisServer.start();
  using share = new Share();
  using folder = await BatchFolder.make(command, { to: 'flac', files, seed, within: share.folder });
  await using hosts = new Hosts({ options, broker, share });
  const choices = seeded(seed);
  const tally = { files: 0, pages: 0, deaths: 0, twice: 0, batches: 0 };
  const counts: Record<string, number> = {};
  let evils = 0;
  hosts.startAll();
  while (tally.batches === 0 || evils < options.kills) {
    const out = folder.nextOut();
    const id = await folder.submit(out, ['--broker', broker.url], '--page-work', '0.3');
    const store = new FolderStore(out, id);
    const deadline = performance.now() + DONE_MS;
    while ((await store.state()) !== 'done') {
      if (performance.now() > deadline) throw new Error(`${id} is not done: ${hosts.words()}`);
      if (evils >= options.kills) {
        await pass(LOOK_MS);
        continue;
      }
      await pass(choices.pick(MOST_PAUSE_MS));
      const kinds = options.evils ?? EVILS;
      const evil = kinds[choices.pick(kinds.length)];
      if (!(await hosts.suffer(evil, choices))) continue;
      evils++;
      counts[evil] = (counts[evil] ?? 0) + 1;
    }
    try {
      const verdict = await folder.check(out, id);
      for (const name of ['files', 'pages', 'deaths', 'twice'] as const) tally[name] += verdict[name];
    } catch (error) {
      throw new Error(`seed ${seed}, batch ${tally.batches}: ${(error as Error).message}${hosts.words()}`);
    }
    tally.batches++;
    report(JSON.stringify({ ...tally, evils }));
  }
  return {
    ...tally,
    evils: counts,
    holes: hosts.holes,
    seconds: Math.round((performance.now() - startedMs) / 1000),
  };
}

interface HostsParts {
  readonly options: CampaignOptions;
  readonly broker: RedisServer;
  readonly share: Share;
}

interface ClockedHost {
  readonly host: HostProcess;
  readonly clock: WallClock;
}

/** So many at any time, but for those that are about to come. */
class Hosts implements AsyncDisposable {
  readonly #parts: HostsParts;
  #all: ClockedHost[] = [];
  #gone: HostProcess[] = [];
  /** Pages that dead hosts held, with the times of these deaths. */
  #orphaned = new Map<string, number>();
  readonly #holes: number[] = [];

  constructor(parts: HostsParts) {
    this.#parts = parts;
  }

  get holes(): Tally['holes'] {
    const sorted = this.#holes.map(Math.round).sort((a, b) => a - b);
    return { count: sorted.length, median: sorted[sorted.length >> 1] ?? 0, most: sorted.at(-1) ?? 0 };
  }

  startAll(): void {
    while (this.#all.length < this.#parts.options.hosts) this.#start();
  }

  #start(): void {
    const { options, broker } = this.#parts;
    const clock = new WallClock();
    const args = ['--broker', broker.url, '--threads', '1', '--verbose', ...LOCK];
    const host = new HostProcess(options.command, args, options.clocks ? clock.env : {});
    host.onTaken = (page) => {
      const diedMs = this.#orphaned.get(page);
      if (diedMs !== undefined) this.#holes.push(performance.now() - diedMs);
      this.#orphaned.delete(page);
    };
    this.#all.push({ host, clock });
  }

  /** False where it did not come to pass. */
  async suffer(evil: Evil, choices: Choices): Promise<boolean> {
    const { broker, share, options } = this.#parts;
    const one = this.#all[choices.pick(this.#all.length)];
    const { host, clock } = one;
    await host.isThere;
    if (evil !== 'host killed' && evil !== 'child killed') this.#orphaned.clear();
    switch (evil) {
      case 'host killed': {
        await host.kill();
        const diedMs = performance.now();
        for (const page of host.held.keys()) this.#orphaned.set(page, diedMs);
        this.#all = this.#all.filter((other) => other !== one);
        this.#gone.push(host);
        clock[Symbol.dispose]();
        this.#start();
        return true;
      }
      case 'child killed':
        // libfaketime keeps a lock in shared memory: a child may die with it, and others wait for ever.
        if (options.clocks) return false;
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
      case 'clock set':
        if (!options.clocks || !WallClock.isThere) return false;
        clock.set(STEPS_SECONDS[choices.pick(STEPS_SECONDS.length)]);
        return true;
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
    await Promise.all(this.#all.map(({ host }) => host[Symbol.asyncDispose]()));
    for (const { clock } of this.#all) clock[Symbol.dispose]();
  }
}

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

const EVILS = [
  'host killed',
  'host killed',
  'child killed',
  'host stopped',
  'connections cut',
  'broker killed',
  'power lost',
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
  readonly report?: (line: string) => void;
}

interface Tally extends Verdict {
  readonly batches: number;
  readonly evils: Readonly<Record<string, number>>;
  readonly seconds: number;
}

const LOCK = ['--lock', '1500ms', '--stalled', '500ms'];
const LOCK_MS = 1500;
/** A batch that is not done by then has stuck. */
const DONE_MS = 300_000;
const MOST_PAUSE_MS = 600;
const LOOK_MS = 50;

export async function campaign(options: CampaignOptions): Promise<Tally> {
  const { command, seed, files, report = () => {} } = options;
  const startedMs = performance.now();
  await using broker = await RedisServer.start();
  using folder = await BatchFolder.make(command, { to: 'flac', files, seed });
  await using hosts = new Hosts(options, broker);
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
  return { ...tally, evils: counts, seconds: Math.round((performance.now() - startedMs) / 1000) };
}

/** So many at any time, but for those that are about to come. */
class Hosts implements AsyncDisposable {
  readonly #options: CampaignOptions;
  readonly #broker: RedisServer;
  #all: HostProcess[] = [];
  #gone: HostProcess[] = [];

  constructor(options: CampaignOptions, broker: RedisServer) {
    this.#options = options;
    this.#broker = broker;
  }

  startAll(): void {
    while (this.#all.length < this.#options.hosts) this.#start();
  }

  #start(): void {
    const args = ['--broker', this.#broker.url, '--threads', '1', '--verbose', ...LOCK];
    this.#all.push(new HostProcess(this.#options.command, args));
  }

  /** False where it did not come to pass. */
  async suffer(evil: Evil, choices: Choices): Promise<boolean> {
    const host = this.#all[choices.pick(this.#all.length)];
    switch (evil) {
      case 'host killed':
        await host.isThere;
        await host.kill();
        this.#all = this.#all.filter((one) => one !== host);
        this.#gone.push(host);
        this.#start();
        return true;
      case 'child killed':
        await host.isThere;
        return host.killChild((count) => choices.pick(count));
      case 'host stopped':
        await host.isThere;
        host.signal('SIGSTOP');
        await pass(LOCK_MS * (1.2 + choices.pick(10) / 10));
        host.signal('SIGCONT');
        return true;
      case 'connections cut':
        await this.#broker.cutConnections();
        return true;
      case 'broker killed':
        await this.#broker.kill();
        await pass(choices.pick(LOCK_MS * 2));
        await this.#broker.start();
        return true;
      case 'power lost':
        await this.#broker.losePower();
        await this.#broker.start();
        return true;
    }
  }

  /** What they said last. */
  words(): string {
    return [...this.#gone.slice(-3), ...this.#all].map(({ text }) => `\n${text.slice(-1500)}`).join('\n--');
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#all.map((host) => host[Symbol.asyncDispose]()));
  }
}

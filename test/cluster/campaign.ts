/**
 * Batches over hosts that are killed, stopped and cut off at random, with the broker and the folder, until
 * there were so many evils; then each has to be done, whole, and once. Where processes can be given faults,
 * the first batch suffers every evil there is, inputs that kill among them.
 */
import { setTimeout as pass } from 'node:timers/promises';
import { FolderStore } from '../../src/cluster/folder-store.ts';
import { type Choices, seeded } from '../simulation/choices.ts';
import { BatchFolder, type Verdict } from './batch-folder.ts';
import type { HolesTally } from './holes.ts';
import { NfsNetwork } from './nfs/nfs-network.ts';
import { KILLS_ITS_HOST, KILLS_ITS_PROCESS, ProcessFaults } from './process-faults.ts';
import { RedisServer } from './redis.ts';
import { Share } from './share.ts';
import { type Evil, TormentedHosts } from './tormented-hosts.ts';

interface CampaignOptions {
  /** The program and what it is given to be `millpond`. */
  readonly command: readonly string[];
  readonly hosts: number;
  readonly kills: number;
  readonly seed: number;
  readonly files: number;
  /** Whether clocks are set and inputs kill; hosts are slower so. Default false. */
  readonly faults?: boolean;
  /** Hosts are machines that have the folder by NFS. Default false. */
  readonly nfs?: boolean;
  readonly report?: (line: string) => void;
}

interface Tally extends Verdict {
  readonly batches: number;
  readonly evils: Readonly<Record<string, number>>;
  /** Batches that the broker lost before any host knew them, so that somebody had to put them back. */
  readonly repaired: number;
  /** Evils that one batch suffered, each at least once. */
  readonly together: number;
  readonly seconds: number;
  /** Milliseconds from the death of a host until another took what it held, where nothing came between. */
  readonly holes: HolesTally;
  /** Those of them where another host was idle: no longer than lock, look and a second. */
  readonly holesBesideIdle: HolesTally;
}

/** Hosts that know a batch make it known again before. */
const FORGOTTEN_MS = 5000;
/** A batch that is not done by then has stuck. */
const DONE_MS = 900_000;
const MOST_PAUSE_MS = 600;
const LOOK_MS = 50;
/** A batch that suffers every evil is not to be done before. */
const SLOW_INPUT_MS = 500;
/** Small pages, and so large ones that some hosts have none. */
const PAGE_WORK = ['0.3', '0.3', '1'];
/** An input that kills its host costs a dozen of them, until it is named. */
const HOST_KILLED_ONCE_IN = 4;
const SCARCE_INPUT_MS = 40;

export async function campaign(options: CampaignOptions): Promise<Tally> {
  const { seed, files, report = () => {} } = options;
  const startedMs = performance.now();
  using brokersFaults = new ProcessFaults();
  using share = new Share();
  await using network = options.nfs ? await NfsNetwork.start(share.folder, options.hosts) : null;
  await using broker = await RedisServer.start(options.faults ? brokersFaults : null, network?.address);
  using folder = await BatchFolder.make(options.command, { to: 'flac', files, seed, within: share.folder });
  const { faults = false } = options;
  await using hosts = new TormentedHosts({ ...options, faults, broker, share, network });
  const choices = seeded(seed);
  const tally = { files: 0, pages: 0, deaths: 0, twice: 0, batches: 0 };
  const counts: Record<string, number> = {};
  let evils = 0;
  let together = 0;
  let repaired = 0;

  const suffer = async (evil: Evil): Promise<boolean> => {
    const alone = options.faults && evil === 'host killed' && choices.once(2);
    if (!(await (alone ? hosts.killAlone(choices) : hosts.suffer(evil, choices)))) return false;
    evils++;
    counts[evil] = (counts[evil] ?? 0) + 1;
    return true;
  };

  /** Until it is done, with evils that come as they are given. */
  const torment = async (out: string, id: string, next: () => Evil | null): Promise<void> => {
    const store = new FolderStore(out, id);
    const deadlineMs = performance.now() + DONE_MS - hosts.stoodMs;
    let knownMs = performance.now();
    for (let evil = next(); (await store.state()) !== 'done'; ) {
      if (performance.now() > deadlineMs + hosts.stoodMs) throw new Error(`${id} is not done`);
      if (await broker.knows(id)) knownMs = performance.now();
      else if (performance.now() > knownMs + FORGOTTEN_MS) {
        repaired++;
        await folder.millpond('cluster', 'repair', '--out', out, '--broker', broker.url);
      }
      hosts.check();
      await pass(evil === null ? LOOK_MS : choices.pick(MOST_PAUSE_MS));
      if (evil === null || (await suffer(evil))) evil = next();
    }
  };

  const batch = async (deadly: string[], pageWork: string, next: () => Evil | null): Promise<void> => {
    const out = folder.nextOut();
    const options = ['--page-work', pageWork];
    const id = await folder.submitDeadly(deadly, out, ['--broker', broker.url], ...options);
    hosts.mayDieByInputs = deadly.includes(KILLS_ITS_HOST);
    await torment(out, id, next);
    hosts.mayDieByInputs = false;
    const verdict = await folder.check(out, id, deadly);
    for (const name of ['files', 'pages', 'deaths', 'twice'] as const) tally[name] += verdict[name];
    tally.batches++;
    hosts.check();
    report(JSON.stringify({ ...tally, evils }));
  };

  try {
    const killers = [KILLS_ITS_PROCESS, KILLS_ITS_HOST];
    const deadly = killers.slice(0, seed % HOST_KILLED_ONCE_IN === 0 ? 2 : 1);
    for (let slowMs = SLOW_INPUT_MS; options.faults && together === 0; slowMs *= 2) {
      const left = shuffled(hosts.evils, choices);
      hosts.slowInputs(slowMs);
      await batch(deadly, '0.1', () => {
        const evil = left.pop() ?? null;
        if (evil !== null) return evil;
        together = hosts.evils.length + deadly.length;
        hosts.slowInputs(0);
        return null;
      });
    }
    const kinds: readonly Evil[] = ['host killed', ...hosts.evils];
    while (tally.batches === 0 || evils < options.kills) {
      const pageWork = PAGE_WORK[choices.pick(options.faults ? PAGE_WORK.length : 1)];
      hosts.slowInputs(pageWork === PAGE_WORK[0] ? 0 : SCARCE_INPUT_MS);
      await batch([], pageWork, () => (evils >= options.kills ? null : kinds[choices.pick(kinds.length)]));
    }
  } catch (error) {
    throw new Error(`seed ${seed}, batch ${tally.batches}: ${(error as Error).message}${hosts.words()}`);
  }
  return {
    ...tally,
    evils: { ...counts, ...(hosts.byInputs > 0 && { 'host killed by an input': hosts.byInputs }) },
    repaired,
    together,
    holes: hosts.holes.all,
    holesBesideIdle: hosts.holes.besideIdle,
    seconds: Math.round((performance.now() - startedMs) / 1000),
  };
}

function shuffled<T>(values: readonly T[], choices: Choices): T[] {
  const left = [...values];
  return values.map(() => left.splice(choices.pick(left.length), 1)[0]);
}

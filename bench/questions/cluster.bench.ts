/**
 * What a batch over hosts costs beside the same batch on one host, by CPU time of all processes: one
 * machine's cores are shared by all of them, so time on the wall would say nothing of many machines.
 */
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pass } from 'node:timers/promises';
import { FolderStore } from '../../src/cluster/folder-store.ts';
import { DEFAULT_PAGE } from '../../src/cluster/planner.ts';
import { RedisServer } from '../../test/cluster/redis.ts';
import type { Benchmark, Context, Table } from '../benchmark.ts';
import { FOLDERS, makeClips } from '../clips.ts';
import {
  brokerBytes,
  brokerSeconds,
  COMMAND,
  cpuSecondsOf,
  cpuSecondsOfRun,
  firstToTake,
  LOCK_MS,
  ownCpuSecondsOf,
  STALLED_MS,
  startHosts,
  submit,
  withBroker,
} from '../cluster-hosts.ts';
import { interleave, percentiles, type Spread, significant, spread } from '../rounds.ts';
import { atMost } from '../targets.ts';

const HOSTS = 4;
/** Clips for each file that other benchmarks take. */
const TIMES = 50;
/** Beside which the others are looked at: what is left are files, without start and end. */
const FEW = 400;
const MOST_PERCENT = 3;
/** For a machine that has other things to do, too. */
const SLACK_MS = 1000;
const LOOK_MS = 50;
const SETTINGS = ['--to', 'mp3', '--bitrate', '64k'];

const benchmark: Benchmark = {
  name: 'cluster',
  question: 'What does a batch over hosts cost beside the same batch on one host?',
  run,
};
export default benchmark;

function run(context: Context): Promise<Table[]> {
  return withBroker('A batch over hosts', async (folder) => {
    const count = context.fileLimit * TIMES;
    makeClips(COMMAND, folder, count);
    makeClips(COMMAND, join(folder, 'few'), FEW);
    return [
      await besideOneHost(context, folder, count),
      await inTheQueue(context, folder, count),
      await afterADeath(context, folder),
    ];
  });
}

/** Seconds of CPU that a batch of such inputs takes. */
interface Cost {
  readonly all: number;
  /** Of that, all but the processes that threads belong to, which do the same in all of them. */
  readonly beside: number;
  readonly broker: number;
  readonly submit: number;
}

interface Contender {
  readonly name: string;
  run(folder: string, inputs: string): Promise<Cost>;
}

/** Those beside which hosts are looked at come first. */
const CONTENDERS: readonly Contender[] = [
  {
    name: `millpond transcode, ${HOSTS} threads`,
    run: (folder, inputs) => apart(folder, inputs, 1),
  },
  {
    name: `${HOSTS} of them with a thread and a quarter each`,
    run: (folder, inputs) => apart(folder, inputs, HOSTS),
  },
  {
    name: `one host, ${HOSTS} threads`,
    run: (folder, inputs) => overHosts(folder, inputs, 1, DEFAULT_PAGE.workSeconds),
  },
  {
    name: `${HOSTS} hosts with a thread each`,
    run: (folder, inputs) => overHosts(folder, inputs, HOSTS, DEFAULT_PAGE.workSeconds),
  },
  {
    name: `${HOSTS} hosts, pages of a tenth of the size`,
    run: (folder, inputs) => overHosts(folder, inputs, HOSTS, DEFAULT_PAGE.workSeconds / 10),
  },
];

async function besideOneHost({ rounds, say }: Context, folder: string, count: number): Promise<Table> {
  const NAMES = ['all', 'beside', 'broker', 'submit'] as const;
  const costs = CONTENDERS.map((): Record<(typeof NAMES)[number], number[]> => {
    return { all: [], beside: [], broker: [], submit: [] };
  });
  await interleave(CONTENDERS, rounds, async (contender, round) => {
    const [all, few] = [await contender.run(folder, 'in'), await contender.run(folder, 'few/in')];
    const cost = costs[CONTENDERS.indexOf(contender)];
    for (const name of NAMES) cost[name].push((1000 * (all[name] - few[name])) / (count - FEW));
    const [whole, beside] = [cost.all, cost.beside].map((ms) => ms.at(-1)?.toFixed(2));
    say(`  round ${round + 1}: ${contender.name}: ${whole} ms of CPU a file, ${beside} beside its threads`);
    return 0;
  });
  const median = (at: number, name: (typeof NAMES)[number]): number => spread(costs[at][name]).median;
  const adds = (at: number, without: number): number =>
    significant((100 * (median(at, 'beside') - median(without, 'beside'))) / median(without, 'all'));
  const added = [null, null, adds(2, 0), adds(3, 1), adds(4, 1)];
  const part = (name: 'broker' | 'submit'): number => significant(median(3, name));
  return {
    title: `${count} clips of half a second to MP3 (ms of CPU a file)`,
    columns: ['', 'median', 'least', 'most', 'beside its threads', 'which adds'],
    rows: CONTENDERS.map(({ name }, at) => {
      const { least, most } = spread(costs[at].all);
      const all = [median(at, 'all'), least, most, median(at, 'beside')].map(significant);
      return [name, ...all, added[at] === null ? '' : `${added[at]} %`];
    }),
    notes: [
      `CPU of all processes for each file beyond ${FEW}: without what starts and ends. Files are made by the`,
      'same job in processes that do nothing else, whoever gives it to them; so what is added is looked for in all',
      `others, where the noise of making files does not hide it. With ${HOSTS} hosts the broker takes`,
      `${part('broker')} ms of a file, and who submits ${part('submit')} ms.`,
    ],
    targets: [
      atMost('what one host adds', adds(2, 0), MOST_PERCENT, '%'),
      atMost(`what ${HOSTS} hosts add`, adds(3, 1), MOST_PERCENT, '%'),
    ],
  };
}

/** So many commands at once, each with a part of the folders. */
async function apart(folder: string, inputs: string, commands: number): Promise<Cost> {
  const out = join(folder, 'alone');
  const each = FOLDERS / commands;
  try {
    const costs = await Promise.all(
      Array.from({ length: commands }, (_, command) => {
        const names = Array.from({ length: each }, (_, at) => join(folder, inputs, `${command * each + at}`));
        const place = ['--out', join(out, `${command}`), '--quiet'];
        const how = ['--threads', `${HOSTS / commands}`, '--isolate', '1', ...place];
        return cpuSecondsOfRun([...COMMAND, 'transcode', ...names, ...SETTINGS, ...how]);
      }),
    );
    const sum = (of: 'cpu' | 'own') => costs.reduce((sum, cost) => sum + cost[of], 0);
    return { all: sum('cpu'), beside: sum('own'), broker: 0, submit: 0 };
  } finally {
    rmSync(out, { recursive: true, force: true });
  }
}

async function overHosts(folder: string, inputs: string, count: number, pageWork: number): Promise<Cost> {
  const out = join(folder, 'many');
  await using broker = await RedisServer.start();
  const hosts = startHosts(broker, count, HOSTS / count);
  try {
    await Promise.all(hosts.map((host) => host.isThere));
    const page = ['--page-work', `${pageWork}`];
    const submitted = await submit(broker, join(folder, inputs), out, [...SETTINGS, ...page]);
    await isDone(new FolderStore(out, submitted.id));
    const client = broker.client();
    const brokerCpu = await brokerSeconds(client);
    client.disconnect();
    const [ofHosts, own] = [cpuSecondsOf, ownCpuSecondsOf].map((of) =>
      hosts.reduce((sum, { pid }) => sum + of(pid), 0),
    );
    await Promise.all(hosts.map((host) => host.leave()));
    const others = brokerCpu + submitted.cpu;
    return { all: ofHosts + others, beside: own + others, broker: brokerCpu, submit: submitted.cpu };
  } finally {
    await Promise.all(hosts.map((host) => host.kill()));
    rmSync(out, { recursive: true, force: true });
  }
}

async function isDone(store: FolderStore): Promise<void> {
  while ((await store.state()) !== 'done') await pass(LOOK_MS);
}

/** Many pages, with no host there: what waits, and how soon it is there. */
async function inTheQueue({ rounds }: Context, folder: string, count: number): Promise<Table> {
  const filesAPage = 2;
  const pages = Math.ceil(count / filesAPage);
  const [bytes, cpus, walls]: number[][] = [[], [], []];
  for (let round = 0; round < rounds; round++) {
    const out = join(folder, 'waiting');
    await using broker = await RedisServer.start();
    const client = broker.client();
    const before = await brokerBytes(client);
    const beganMs = performance.now();
    const options = [...SETTINGS, '--page-files', `${filesAPage}`];
    const { cpu } = await submit(broker, join(folder, 'in'), out, options);
    walls.push(count / ((performance.now() - beganMs) / 1000));
    cpus.push(count / cpu);
    bytes.push(((await brokerBytes(client)) - before) / pages);
    client.disconnect();
    rmSync(out, { recursive: true, force: true });
  }
  const [memory, cpu, wall] = [bytes, cpus, walls].map(spread);
  const row = (name: string, { median, least, most }: Spread) => [
    name,
    ...[median, least, most].map(significant),
  ];
  return {
    title: `${count} files submitted as ${pages} pages`,
    columns: ['', 'median', 'least', 'most'],
    rows: [
      row('bytes of the broker a waiting page', memory),
      row('files a second', wall),
      row('files a second of CPU', cpu),
    ],
    notes: ['From the start of the command to its end: files are found, listed, and put into the queue.'],
    targets: [atMost('a waiting page', significant(memory.median), 1024, 'bytes')],
  };
}

/** One host has a page and dies; another one is idle. */
async function afterADeath({ rounds, say }: Context, folder: string): Promise<Table> {
  const holesMs: number[] = [];
  for (let round = 0; round < rounds; round++) {
    const out = join(folder, 'deaths');
    await using broker = await RedisServer.start();
    const hosts = startHosts(broker, 2, 1);
    try {
      await Promise.all(hosts.map((host) => host.isThere));
      const onePage = [...SETTINGS, '--page-work', '3600', '--page-files', '10000'];
      await submit(broker, join(folder, 'few/in'), out, onePage);
      const first = await firstToTake(hosts);
      const others = hosts.filter((host) => host !== first);
      // Anywhere between two renewals.
      await pass((LOCK_MS / 3) * ((round + 1) / rounds));
      const killedMs = performance.now();
      first.signal('SIGKILL');
      await firstToTake(others);
      holesMs.push(performance.now() - killedMs);
      say(`  a page was left for ${holesMs[round].toFixed(0)} ms`);
    } finally {
      await Promise.all(hosts.map((host) => host.kill()));
      rmSync(out, { recursive: true, force: true });
    }
  }
  const { p50, max } = percentiles(holesMs);
  const limit = LOCK_MS + STALLED_MS + SLACK_MS;
  return {
    title: `A host is killed that has the only page, ${rounds} times (ms)`,
    columns: ['from the kill', 'median', 'most'],
    rows: [['until another one has the page', significant(p50), significant(max)]],
    notes: [`Locks of ${LOCK_MS} ms, looked for each ${STALLED_MS} ms.`],
    targets: [atMost('lock, look and a second', significant(max), limit, 'ms')],
  };
}

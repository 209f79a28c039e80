/** What a service gets done, beside servers that start an ffmpeg for each request. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { formatBytes } from '../../src/index.ts';
import { chooseBatches } from '../audio-files.ts';
import type { Benchmark, Context, Table } from '../benchmark.ts';
import { findFfmpegs } from '../peers.ts';
import { interleave, percentiles, type Spread, significant } from '../rounds.ts';
import { compareAnswers } from '../service/answers.ts';
import { compareSenders } from '../service/autocannon.ts';
import {
  afterBodyMs,
  isDone,
  isRefused,
  type Load,
  latencyMs,
  type Plan,
  type Played,
  play,
  sum,
  throughput,
} from '../service/play.ts';
import { millpondServer, type Server, spawningServer } from '../service/servers.ts';
import { atLeast, atMost, type Target } from '../targets.ts';
import { compile } from '../transcoders.ts';

const THREADS = 2;
const MOST_ROUNDS = 3;
const SHORT_CONNECTIONS = [1, 8, 32, 128] as const;
/** With 128 a run takes minutes. */
const LONG_CONNECTIONS = [1, 8, 32] as const;
const RUN_S = 1.5;
const WARM_S = 2;
const LONG_RUN_S = 60;
const TRACKS_A_RUN = { 1: 3, 8: 10, 32: 32 } as const;
/** Of what a server can. */
const SHARE = 0.8;
/** Of the throughput of one ffmpeg for each request, and of two at a time. */
const TIMES = [3, 2] as const;
const MEMORY_SHARE = 0.5;
const MEMORY_AT = 32;
const STRETCH = 3;
const STRETCH_AT = 8;

const benchmark: Benchmark = {
  name: 'service',
  question: 'What does a service get done, beside a server that starts an ffmpeg for each request?',
  run,
};
export default benchmark;

async function run(context: Context): Promise<Table[]> {
  const batches = chooseBatches(context.audio, context.fileLimit);
  const short = batches.find(({ to }) => to === 'mp3');
  const long = batches.findLast(({ to }) => to === 'flac');
  if (short === undefined || long === undefined) return [];
  compile();
  const folder = mkdtempSync(join(tmpdir(), 'millpond-bench-'));
  using servers = new DisposableStack();
  servers.defer(() => rmSync(folder, { recursive: true, force: true }));
  const contenders = [servers.use(await millpondServer(folder, THREADS))];
  const peer = findFfmpegs()[0];
  if (peer.version !== undefined) {
    for (const most of [null, THREADS]) contenders.push(servers.use(await spawningServer(peer, most)));
  }
  const loads = [short, long].map(({ title, to, files }): Load => {
    return { name: title, work: to, files: files.map(({ file }) => file) };
  });
  for (const server of contenders) {
    await play(server, { connections: 4, rate: null, seconds: WARM_S, loads: [loads[0]] });
    await play(server, { connections: 2, rate: null, seconds: WARM_S, most: 4, loads: [loads[1]] });
  }
  const missing = peer.version === undefined ? [`static ffmpeg is not here: ${peer.remedy}.`] : [];
  const notes = [...(await compareAnswers(contenders, loads, peer)), ...missing];
  const rounds = Math.min(MOST_ROUNDS, context.rounds);
  const shortTable = await runShort(contenders, loads[0], { ...context, rounds }, notes);
  const longTable = await runLong(contenders, loads[1], { ...context, rounds }, missing);
  if (contenders.length > 1) longTable.notes.push(await compareSenders(contenders[2], loads[0]));
  return [shortTable, longTable];
}

/** All rounds of one contender with so many connections. */
interface Runs {
  readonly server: Server;
  readonly connections: number;
  readonly full: Played[];
  readonly paced: Played[];
  rate: Spread;
}

async function runAll(
  contenders: readonly Server[],
  connections: number,
  { rounds, say }: Context,
  [full, paced]: readonly [Plan, boolean],
): Promise<Runs[]> {
  const none = { median: 0, least: 0, most: 0 };
  const all: Runs[] = contenders.map((server) => ({ server, connections, full: [], paced: [], rate: none }));
  const rates = await interleave(all, rounds, async ({ server, ...runs }, round) => {
    const played = await play(server, full);
    const rate = throughput(played);
    runs.full.push(played);
    if (paced) runs.paced.push(await play(server, { ...full, rate: rate * SHARE }));
    say(`  ${connections} connections, round ${round + 1}: ${server.name} ${rate.toFixed(1)}/s`);
    return rate;
  });
  return all.map((runs, at) => ({ ...runs, rate: rates[at] }));
}

async function runShort(
  contenders: readonly Server[],
  load: Load,
  context: Context,
  notes: readonly string[],
): Promise<Table> {
  const all: Runs[] = [];
  for (const connections of SHORT_CONNECTIONS) {
    const plan: Plan = { connections, rate: null, seconds: RUN_S, loads: [load] };
    all.push(...(await runAll(contenders, connections, context, [plan, true])));
  }
  return {
    title: `Over HTTP, ${load.name}: as many as a server can, and ${SHARE * 100} % of that on a schedule`,
    columns: [
      ...['', 'connections', '1/s', 'least', 'most', 'refused', 'errors'],
      ...['p50 ms', 'p99 ms', 'at 80 %: p50', 'p99', 'unsent', 'peak', 'CPU ms each', 'of the sender'],
    ],
    rows: all.map((runs) => {
      const { server, connections, rate, full, paced } = runs;
      const [busy, calm] = [full, paced].map((played) => percentiles(latenciesOf(played)));
      const refused = count([...full, ...paced], isRefused);
      const failed = count([...full, ...paced], (one) => !isDone(one) && !isRefused(one));
      return [
        ...[server.name, connections, ...[rate.median, rate.least, rate.most].map(significant)],
        ...[refused, failed, ...[busy.p50, busy.p99, calm.p50, calm.p99].map(significant)],
        sum(paced.map(({ unsent }) => unsent)),
        formatBytes(peakOf(runs)),
        ...cpuEach(full).map(significant),
      ];
    }),
    notes: [
      `${context.rounds} interleaved runs of ${RUN_S} s of each, twice: the rates are medians, latencies are of all runs together.`,
      'Latency counts from when the schedule wanted a request to be sent. No two bodies are the same.',
      'Memory is of the process tree, where pages that several share count once; CPU time is that of a whole run for each answer.',
      ...notes,
    ],
    targets: targets(all),
  };
}

async function runLong(
  contenders: readonly Server[],
  load: Load,
  context: Context,
  missing: readonly string[],
): Promise<Table & { notes: string[] }> {
  const all: Runs[] = [];
  for (const connections of LONG_CONNECTIONS) {
    const most = TRACKS_A_RUN[connections];
    const plan: Plan = { connections, rate: null, seconds: LONG_RUN_S, most, loads: [load] };
    const rounds = connections === MEMORY_AT ? 1 : context.rounds;
    all.push(...(await runAll(contenders, connections, { ...context, rounds }, [plan, false])));
  }
  return {
    title: `Over HTTP, ${load.name}: as many as a server can`,
    columns: [
      ...['', 'connections', '1/s', 'least', 'most', 'refused', 'errors'],
      ...['p50 ms', 'most', 'peak', 'CPU ms each', 'of the sender'],
    ],
    rows: all.map((runs) => {
      const { server, connections, rate, full } = runs;
      const { p50, max } = percentiles(latenciesOf(full));
      const failed = count(full, (one) => !isDone(one) && !isRefused(one));
      return [
        ...[server.name, connections, ...[rate.median, rate.least, rate.most].map(significant)],
        ...[count(full, isRefused), failed, significant(p50), significant(max), formatBytes(peakOf(runs))],
        ...cpuEach(full).map(significant),
      ];
    }),
    notes: [
      `${context.rounds} interleaved runs of each, of ${Object.values(TRACKS_A_RUN).join(' and ')} audio files. With ${MEMORY_AT} connections once: it takes long enough.`,
      ...missing,
    ],
    targets: memoryTarget(all),
  };
}

function targets(all: readonly Runs[]): Target[] {
  const [ours, ...theirs] = byServer(all);
  const quicker = theirs.flatMap((others, peer) =>
    others.map(({ server, connections, rate }, at) => {
      const what = `the rate of millpond beside ${server.name}, ${connections} connections`;
      return atLeast(what, ours[at].rate.median / rate.median, TIMES[peer], 'x');
    }),
  );
  const calm = runsWith(ours, STRETCH_AT).paced.flatMap(({ sent }) => sent.filter(isDone));
  const worked = percentiles(calm.map(({ timing }) => timing.work)).p99;
  const took = percentiles(calm.map(latencyMs)).p99;
  const what = `p99 at ${SHARE * 100} % with ${STRETCH_AT} connections`;
  const stretch = percentiles(calm.map((one) => afterBodyMs(one) / one.timing.work)).p99;
  return [
    ...quicker,
    ...memoryTarget(all),
    atMost(what, took / worked, STRETCH, 'x the p99 of the work itself'),
    atMost(`${what}, each by itself from its body's last byte`, stretch, STRETCH, 'x its own work'),
  ];
}

function memoryTarget(all: readonly Runs[]): Target[] {
  const [ours, theirs] = byServer(all).map((runs) => runsWith(runs, MEMORY_AT));
  if (theirs === undefined) return [];
  const what = `memory with ${MEMORY_AT} connections beside ${theirs.server.name}`;
  return [atMost(what, peakOf(ours) / peakOf(theirs), MEMORY_SHARE, 'x')];
}

function byServer(all: readonly Runs[]): Runs[][] {
  const servers = new Set(all.map(({ server }) => server));
  return Array.from(servers, (of) => all.filter(({ server }) => server === of));
}

function runsWith(all: readonly Runs[], wanted: number): Runs {
  return all.find(({ connections }) => connections === wanted) as Runs;
}

function latenciesOf(all: readonly Played[]): number[] {
  return all.flatMap(({ sent }) => sent.filter(isDone).map(latencyMs));
}

function count(all: readonly Played[], which: (sent: Played['sent'][number]) => boolean): number {
  return sum(all.map(({ sent }) => sent.filter(which).length));
}

function peakOf({ full, paced }: Runs): number {
  return Math.max(...[...full, ...paced].map(({ peakBytes }) => peakBytes));
}

/** Processor time of the server, and of the sender, for each answer. */
function cpuEach(all: readonly Played[]): [server: number, sender: number] {
  const answers = count(all, isDone);
  return [
    sum(all.map(({ serverCpuMs }) => serverCpuMs)) / answers,
    sum(all.map(({ cpuMs }) => cpuMs)) / answers,
  ];
}

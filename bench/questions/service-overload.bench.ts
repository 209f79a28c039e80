/** What a service does that is asked for ten times what it can. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { formatBytes } from '../../src/index.ts';
import { chooseBatches } from '../audio-files.ts';
import type { Benchmark, Context, Table } from '../benchmark.ts';
import { percentiles, significant, spread } from '../rounds.ts';
import {
  afterBodyMs,
  isDone,
  isRefused,
  type Load,
  type Played,
  play,
  sum,
  throughput,
} from '../service/play.ts';
import type { Sent } from '../service/sender-process.ts';
import { millpondServer, type Server } from '../service/servers.ts';
import { atLeast, atMost, type Target } from '../targets.ts';
import { compile } from '../transcoders.ts';

const THREADS = 2;
const TIMES = 10;
const CLIENTS = 4;
const CLIP_S = 20;
const CALIBRATE_S = 3;
/** Enough for all threads; those that are refused try again nearly at once. */
const FULL = { connections: 12, seconds: 15, mostRestMs: 100 } as const;
const OVER = { connections: 256, seconds: 30 } as const;
/** Of the work that is asked for. */
const SHARES = [0.1, 0.4, 0.5] as const;
/** p99 from the body's last byte, in times of its own work. */
const MOST_STRETCH = { short: 2, long: 3 } as const;
const LEAST_PERCENT = 90;
const MOST_GROWTH_PERCENT = 5;
const LOOKS = 6;
/** By then it is known that this is no burst. */
const SETTLED_MS = 8_000;

const benchmark: Benchmark = {
  name: 'service-overload',
  question: 'What becomes of those that a service lets in while it is asked for ten times what it can do?',
  run,
};
export default benchmark;

type Size = 'short' | 'long';

async function run({ audio, fileLimit, say }: Context): Promise<Table[]> {
  const batches = chooseBatches(audio, fileLimit);
  const prompts = batches.find(({ to }) => to === 'mp3');
  const tracks = batches.findLast(({ to }) => to === 'flac');
  if (prompts === undefined || tracks === undefined) return [];
  compile();
  const [prompt, track] = [prompts, tracks].map(({ files }) => files.map(({ file }) => file));
  const loads: Load[] = [
    { name: 'prompts to MP3', work: 'mp3', files: prompt },
    { name: `${CLIP_S} s of tracks to FLAC`, work: 'flac', files: track, seconds: CLIP_S },
    { name: 'tracks to Opus', work: 'opus', files: track },
  ];
  const folder = mkdtempSync(join(tmpdir(), 'millpond-bench-'));
  using servers = new DisposableStack();
  servers.defer(() => rmSync(folder, { recursive: true, force: true }));
  const server = servers.use(await millpondServer(folder, THREADS));
  const known = await calibrate(server, loads, say);
  const mixed = loads.map((load, at) => ({ ...load, weight: SHARES[at] / known[at].workMs }));
  const full = await play(server, { ...FULL, clients: CLIENTS, rate: null, loads: mixed });
  const rate = throughput(full);
  say(`  saturated by ${rate.toFixed(1)} requests a second`);
  const before = await predictions(server);
  const over = await play(server, { ...OVER, clients: CLIENTS, rate: rate * TIMES, loads: mixed });
  // The same measure for both: how long it would take alone.
  const worth = ({ kind, bodyBytes }: Sent) =>
    (known.find(({ name }) => name === kind)?.msOfByte as number) * bodyBytes;
  const after = await predictions(server);
  const right = (100 * (after.right - before.right)) / (after.told - before.told);
  const percent = (100 * throughput(over, worth)) / throughput(full, worth);
  return [sizes(known, over, { rate, percent, right }), memory(over)];
}

interface Known {
  readonly name: string;
  readonly size: Size;
  /** Alone. */
  readonly workMs: number;
  readonly msOfByte: number;
}

/** How long each takes alone; the service learns it, too. */
async function calibrate(server: Server, loads: readonly Load[], say: Context['say']): Promise<Known[]> {
  const known: Known[] = [];
  for (const load of loads) {
    const plan = { connections: 1, rate: null, seconds: CALIBRATE_S, loads: [load] };
    await play(server, plan);
    const done = (await play(server, plan)).sent.filter(isDone);
    const works = done.map(({ timing }) => timing.work);
    const workMs = spread(works).median;
    say(`  ${load.name}: ${workMs.toFixed(1)} ms of work alone`);
    const msOfByte = sum(works) / sum(done.map(({ bodyBytes }) => bodyBytes));
    // What work is called in the promise: a track is long by being one.
    known.push({ name: load.name, size: load.work === 'opus' ? 'long' : 'short', workMs, msOfByte });
  }
  return known;
}

function sizes(
  known: readonly Known[],
  { sent, unsent, cpuMs, serverCpuMs, frontCpuMs, seconds }: Played,
  { rate, percent, right }: { readonly rate: number; readonly percent: number; readonly right: number },
): Table {
  const sets = [
    ...known.map(({ name }) => ({ name, kinds: [name] })),
    ...(['short', 'long'] as const).map((size) => {
      return { name: `all ${size}`, kinds: known.filter((one) => one.size === size).map(({ name }) => name) };
    }),
  ].flatMap(({ name, kinds }) => {
    const of = sent.filter(({ kind }) => kinds.includes(kind));
    if (!name.startsWith('all')) return [{ name, of }];
    return [
      { name, of },
      { name: `${name}, settled`, of: of.filter(({ dueMs }) => dueMs >= SETTLED_MS) },
    ];
  });
  const stretchOf = (name: string) =>
    percentiles(
      sets
        .find((set) => set.name === name)!
        .of.filter(isDone)
        .map(inService),
    ).p99;
  const lost = sent.filter((one) => !isDone(one) && !isRefused(one)).length;
  const kept = Object.entries(MOST_STRETCH).map(([size, most]): Target => {
    const name = `all ${size}, settled`;
    return atMost(`p99 of ${name}`, stretchOf(name), most, 'times its service time');
  });
  return {
    title: `${TIMES} times what it can do: ${significant(rate * TIMES)} requests a second for ${seconds} s`,
    columns: [
      ...['', 'sent', 'done', 'refused', 'else', 'work ms', 'p50', 'p99'],
      ...['p99 as its client sees it', 'p99 in times of work'],
    ],
    rows: sets.map(({ name, of }) => {
      const ended = of.filter(isDone);
      const refused = of.filter(isRefused).length;
      const { p50, p99 } = percentiles(ended.map(inService));
      return [
        ...[name, of.length, ended.length, refused, of.length - ended.length - refused],
        significant(spread(ended.map(({ timing }) => timing.work)).median),
        ...[p50, p99].map(significant),
        ...[atClient, inWork].map((stretch) => significant(percentiles(ended.map(stretch)).p99)),
      ];
    }),
    notes: [
      'From the last byte of the body until the result is made, by the clock of the service, in times of its service time: from its turn on.',
      'As its client sees it: until the last byte of the answer, with both event loops. In times of work: of that in its thread alone, without the way there.',
      `Settled: sent ${SETTLED_MS / 1000} s after the beginning or later. Until it is plain that this is no burst, more is let in, which then waits.`,
      `${OVER.connections} connections of ${CLIENTS} clients; ${unsent} requests found none. What is longer than 1 MiB is sent when the service says so, as curl does; the rest at once, also what is refused.`,
      `The sender takes ${(cpuMs / 10 / seconds).toFixed(0)} % of a core of the same machine, the service ${(serverCpuMs / 10 / seconds).toFixed(0)} %, of it its front process ${(frontCpuMs / 10 / seconds).toFixed(0)} %. Saturated by ${FULL.connections} connections that send again at once, or ${FULL.mostRestMs} ms after a refusal.`,
    ],
    targets: [
      ...kept,
      atLeast('what is done, by the time that it takes alone', percent, LEAST_PERCENT, '% of saturation'),
      atLeast('predicted ends within a factor of two', right, LEAST_PERCENT, '%'),
      atMost('what was let in and not done, or had no answer', lost, 0, 'requests'),
    ],
  };
}

/** Without waiting for its turn. */
function serviceMs({ timing: { total, receive, queue } }: Sent): number {
  return total - receive - queue;
}

function inService(one: Sent): number {
  return (one.timing.total - one.timing.receive) / serviceMs(one);
}

function atClient(one: Sent): number {
  return afterBodyMs(one) / serviceMs(one);
}

function inWork({ timing: { total, receive, work } }: Sent): number {
  return (total - receive) / work;
}

/** How many ends were predicted when their bodies were there, and how many of them within a factor of two. */
async function predictions({ port }: Server): Promise<{ readonly told: number; readonly right: number }> {
  const text = await (await fetch(`http://127.0.0.1:${port}/metrics`)).text();
  const [told, right] = ['told', 'right'].map((state) => {
    const line = new RegExp(`^millpond_service_predictions_total\\{state="${state}"\\} (\\d+)$`, 'm').exec(
      text,
    );
    return Number(line?.[1]);
  });
  return { told, right };
}

function memory({ memory, seconds }: Played): Table {
  const part = (from: number, to: number) =>
    memory.filter(({ atMs }) => atMs >= from * seconds * 1000 && atMs < to * seconds * 1000);
  const mean = (values: readonly number[]): number => sum(values) / values.length;
  const rows = Array.from({ length: LOOKS }, (_, at) => {
    const looks = part(at / LOOKS, (at + 1) / LOOKS);
    return {
      toS: ((at + 1) / LOOKS) * seconds,
      front: mean(looks.map(({ front }) => front)),
      all: mean(looks.map(({ all }) => all)),
    };
  });
  const growth = 100 * (rows[LOOKS - 1].all / rows[1].all - 1);
  return {
    title: 'Resident memory meanwhile',
    columns: ['until s', 'front process', 'all processes'],
    rows: rows.map(({ toS, front, all }) => [significant(toS), formatBytes(front), formatBytes(all)]),
    notes: ['Means of each span; pages that several processes share count for each.'],
    targets: [atMost('from the second span to the last it rises by', growth, MOST_GROWTH_PERCENT, '%')],
  };
}

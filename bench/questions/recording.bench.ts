/** What it costs a run to be recorded, and how long a recording is. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { merge } from '../../src/report/histograms.ts';
import { readRun } from '../../src/report/read-run.ts';
import type { RecordedRun } from '../../src/report/recorded-run.ts';
import { encodeCompressed } from '../../src/telemetry/hdr.ts';
import { lengthMs } from '../../src/telemetry/recording/interval-length.ts';
import type { IntervalLine, RecordedSeries, SeriesName } from '../../src/telemetry/recording/lines.ts';
import { chooseBatches } from '../audio-files.ts';
import type { Benchmark, Context, Table } from '../benchmark.ts';
import { inOwnProcess } from '../own-process.ts';
import { interleave, type Spread, significant, spread } from '../rounds.ts';
import { atMost } from '../targets.ts';
import type { RecordingCost, RecordingOptions } from './recording-process.ts';

const LOADS = [
  { load: 'transcode', label: 'transcoding to FLAC' },
  { load: 'hits', label: 'nothing but acquire and release' },
] as const;
const WAYS = [false, true] as const;
const SECONDS = 5;
/** Enough for a line of 32 s, made of short ones. */
const LONG_SECONDS = 36;
const LONGEST_INTERVAL_SECONDS = 32;
const LEAST_INTERVAL_SECONDS = lengthMs(0) / 1000;
const HOUR = 3600;
const DAY = 24 * HOUR;

const benchmark: Benchmark = {
  name: 'recording',
  question: 'What does it cost to record a run, and how long is a recording?',
  run,
};
export default benchmark;

async function run({ rounds, audio, fileLimit, say }: Context): Promise<Table[]> {
  const folder = mkdtempSync(join(tmpdir(), 'millpond-bench-'));
  const files = chooseBatches(audio, fileLimit).flatMap((batch) => batch.files.map(({ file }) => file));
  const measure = (
    load: RecordingOptions['load'],
    record: string | null,
    seconds: number,
  ): Promise<RecordingCost> => {
    const options: RecordingOptions = { load, record, seconds, files, folder };
    return inOwnProcess<RecordingCost>('./questions/recording-process.ts', options);
  };
  try {
    const costs: Table['rows'][number][] = [];
    const shares: number[] = [];
    for (const { load, label } of LOADS) {
      say(`  ${label}`);
      const main: number[][] = [[], []];
      const perTask = await interleave(WAYS, rounds, async (recorded) => {
        const record = recorded ? join(folder, 'run.millpond') : null;
        const { tasks, cpuSeconds, mainCpuSeconds } = await measure(load, record, SECONDS);
        main[Number(recorded)].push((100 * mainCpuSeconds) / SECONDS);
        return (1000 * cpuSeconds) / tasks;
      });
      for (const recorded of WAYS) {
        const at = Number(recorded);
        costs.push([
          `${label}, ${recorded ? 'recorded' : 'not recorded'}`,
          ...numbers(perTask[at]),
          ...numbers(spread(main[at])),
        ]);
      }
      shares.push(spread(main[1].map((share, round) => share - main[0][round])).median);
    }
    const sizes: Table['rows'][number][] = [];
    for (const { load, label } of [...LOADS, { load: 'idle', label: 'idle' } as const]) {
      say(`  length of a recording: ${label}`);
      const record = join(folder, 'long.millpond');
      await measure(load, record, LONG_SECONDS);
      sizes.push([label, ...lengths(await readRun(record), readFileSync(record, 'utf8'))]);
    }
    return [
      {
        title: `CPU time of ${SECONDS} s on two threads`,
        columns: ['', 'ms a task', 'least', 'most', 'main thread, %', 'least', 'most'],
        rows: costs,
        notes: ['CPU time of the whole process, and the share of one core that its main thread took.'],
        targets: shares.map((share, at) =>
          atMost(`main thread's share for recording, ${LOADS[at].label}`, share, 1, '%'),
        ),
      },
      {
        title: `Length of a recording, two threads, from one of ${LONG_SECONDS} s`,
        columns: [
          '',
          `bytes a line of ${LEAST_INTERVAL_SECONDS} s`,
          'of 32 s',
          'KiB, events an hour',
          'MiB, first hour',
          'MiB, a later hour',
          'MiB a day',
        ],
        rows: sizes,
        notes: [
          'A line of 32 s is made of as many short ones as it takes; lengths in between are taken to lie between in equal steps.',
          'Hour and day are worked out from these and from the doubling of intervals.',
        ],
      },
    ];
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function numbers({ median, least, most }: Spread): number[] {
  return [median, least, most].map(significant);
}

function lengths({ intervals, seconds }: RecordedRun, text: string): number[] {
  // The first one holds the start, and the last one is short.
  const steady = intervals.slice(1, -1);
  const last = steady.at(-1)?.to ?? 0;
  const short = spread(steady.map(length)).median;
  const long = length(joined(steady.filter(({ to }) => to > last - LONGEST_INTERVAL_SECONDS)));
  const ofEvents = text.split('\n').filter((line) => !/^$|^\{"kind":"(header|interval|end)"/.test(line));
  const events = ofEvents.reduce((sum, line) => sum + line.length + 1, 0) / seconds;
  const until = (end: number): number => {
    let bytes = 0;
    let at = 0;
    for (let count = 0; at < end; count++) {
      const lasts = lengthMs(count) / 1000;
      bytes +=
        short +
        ((long - short) * Math.log2(lasts / LEAST_INTERVAL_SECONDS)) /
          Math.log2(LONGEST_INTERVAL_SECONDS / LEAST_INTERVAL_SECONDS) +
        events * lasts;
      at += lasts;
    }
    return bytes / 1024 / 1024;
  };
  return [short, long, (events * HOUR) / 1024, until(HOUR), until(DAY) - until(DAY - HOUR), until(DAY)].map(
    significant,
  );
}

/** What one interval over all of these would have been. */
function joined(intervals: readonly IntervalLine[]): IntervalLine {
  const names = new Map<string, [SeriesName, number]>();
  for (const [name, shard] of intervals.flatMap(({ series }) => series))
    names.set(`${name} ${shard}`, [name, shard]);
  const series = Array.from(names.values(), ([name, shard]): RecordedSeries => {
    const { histogram, max, sum } = merge(intervals, (other, of) => other === name && of === shard)!;
    return [name, shard, encodeCompressed(histogram), max, sum];
  });
  const slowest = intervals.flatMap((interval) => interval.slowest).sort(([, , , , a], [, , , , b]) => b - a);
  return { ...intervals[0], series, slowest: slowest.slice(0, 3) };
}

function length(line: IntervalLine): number {
  return JSON.stringify(line).length + 1;
}

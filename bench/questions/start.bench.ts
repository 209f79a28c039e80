/** Where the time of a batch of short files goes: the start, the files, the end. Whole processes. */
import { type FSWatcher, mkdtempSync, rmSync, watch } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Batch, chooseBatches } from '../audio-files.ts';
import type { Benchmark, Context, Table } from '../benchmark.ts';
import { verify } from '../outputs.ts';
import { findFlac } from '../peers.ts';
import { interleave, type Spread, significant, spread } from '../rounds.ts';
import { atLeast, atMost, noSlower, type Target } from '../targets.ts';
import { compile, flac, flacOfMany, millpond, type Transcoder, transcodeAll } from '../transcoders.ts';
import { gather, isPlainWav } from './batch.bench.ts';

const THREADS = 2;
/** What nobody notices. */
const START_MS = 300;
/** Of two threads beside one. */
const GAIN = 1.85;
/** Files that one process of flac is given. */
const EACH = 20;
/** Beside flac, which has no start to speak of. */
const TIMES = 2;

const benchmark: Benchmark = {
  name: 'start',
  question:
    'How long does a batch of short files take to start, without isolation, and how long are its files?',
  run,
};
export default benchmark;

async function run(context: Context): Promise<Table[]> {
  const batch = chooseBatches(context.audio, context.fileLimit).find(({ to }) => to === 'flac');
  if (batch === undefined) return [];
  compile();
  const folder = mkdtempSync(join(tmpdir(), 'millpond-bench-'));
  try {
    return [await runBatch(batch, folder, context)];
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** What of a process could be seen from outside, in ms. */
interface Course {
  /** From the start of the process until its first output is made, just after its first input was opened. */
  readonly startMs: number;
  /** From there until the last output has its name. */
  readonly filesMs: number;
}

async function runBatch(batch: Batch, folder: string, context: Context): Promise<Table> {
  const inputs = gather(batch, join(folder, 'in'));
  const ours = [millpond(batch, folder, THREADS, 0), millpond(batch, folder, 1, 0)];
  const peer = findFlac();
  const fits = peer.version !== undefined && inputs.every((input) => isPlainWav(input));
  const theirs = fits
    ? [
        flacOfMany(peer, EACH, inputs, join(folder, 'flac-many'), THREADS),
        flac(peer, batch, inputs, join(folder, 'flac'), THREADS),
      ]
    : [];
  const contenders = [...ours, ...theirs];
  const courses = new Map<Transcoder, Course[]>(ours.map((contender) => [contender, []]));
  const wholes = await interleave(contenders, context.rounds, async (contender, round) => {
    const kept = courses.get(contender);
    const { wholeMs, course } = await timed(contender, kept !== undefined);
    if (course !== null) kept!.push(course);
    context.say(`  ${batch.title}, round ${round + 1}: ${contender.name} ${wholeMs.toFixed(0)} ms`);
    return wholeMs;
  });
  const findings = verify(batch, inputs, contenders);
  const of = (at: number, part: keyof Course): Spread =>
    spread(courses.get(ours[at])!.map((course) => course[part]));
  return {
    title: `${batch.title}: ${inputs.length} files (ms)`,
    columns: ['', 'to the first output', 'to the last one', 'whole process', 'least', 'most'],
    rows: [
      ...contenders.map((contender, at) => {
        const parts = courses.has(contender)
          ? [of(at, 'startMs'), of(at, 'filesMs')].map(({ median }) => significant(median))
          : ['', ''];
        const { median, least, most } = wholes[at];
        return [contender.name, ...parts, ...[median, least, most].map(significant)];
      }),
      ...(fits ? [] : [[`flac: ${unfit(peer.version)}`, '', '', '', '', '']]),
    ],
    notes: [
      `Medians of ${context.rounds} interleaved rounds. The second column counts from the first one's end.`,
      ...findings,
      ...(fits ? [`${peer.name}: ${peer.version}`] : []),
    ],
    targets: targets(of(0, 'startMs'), of(1, 'filesMs').median / of(0, 'filesMs').median, wholes),
  };
}

function unfit(version: string | undefined): string {
  return version === undefined ? 'not found' : 'does not apply, takes 16-bit WAV only';
}

function targets(start: Spread, gain: number, [ours, , many, single]: readonly Spread[]): Target[] {
  return [
    atMost('from the start of the process to its first output', significant(start.median), START_MS, 'ms'),
    atLeast('the files, two threads beside one', gain, GAIN, 'x the speed'),
    ...(many === undefined ? [] : [noSlower(`the whole process, beside flac -n ${EACH}`, ours, many, TIMES)]),
    ...(single === undefined ? [] : [noSlower('the whole process, beside flac -n 1', ours, single, TIMES)]),
  ];
}

export async function timed(
  contender: Transcoder,
  watched: boolean,
): Promise<{ wholeMs: number; course: Course | null }> {
  if (!watched) return { wholeMs: await transcodeAll(contender), course: null };
  let watcher!: FSWatcher;
  let [startedMs, firstMs, lastMs] = [0, 0, 0];
  const wholeMs = await transcodeAll(contender, (out) => {
    watcher = watch(out, (_event, name) => {
      // The lock and the journal of the batch come before.
      if (!name?.endsWith('.flac')) return;
      lastMs = performance.now();
      firstMs ||= lastMs;
    });
    startedMs = performance.now();
  });
  watcher.close();
  if (lastMs === 0) throw new Error(`The outputs of ${contender.name} could not be watched.`);
  return { wholeMs, course: { startMs: firstMs - startedMs, filesMs: lastMs - firstMs } };
}

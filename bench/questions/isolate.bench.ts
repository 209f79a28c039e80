/** What it costs that threads belong to processes of their own. Whole processes, start and end included. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Batch, chooseBatches } from '../audio-files.ts';
import type { Benchmark, Context, Table } from '../benchmark.ts';
import { verify } from '../outputs.ts';
import { interleave, significant, spread } from '../rounds.ts';
import { atLeast, atMost, type Target } from '../targets.ts';
import { compile, millpond, type Transcoder } from '../transcoders.ts';
import { gather } from './batch.bench.ts';
import { timed } from './start.bench.ts';

const THREADS = 2;
/** Of the speed without, in percent: what is short is mostly start. */
const LONG_PERCENT = 97;
const SHORT_PERCENT = 88;
const START_MS = 600;

const benchmark: Benchmark = {
  name: 'isolate',
  question: 'What does it cost that a batch runs in processes of its own?',
  run,
};
export default benchmark;

async function run(context: Context): Promise<Table[]> {
  const batches = chooseBatches(context.audio, context.fileLimit).filter(({ to }) => to === 'flac');
  if (batches.length > 0) compile();
  const tables: Table[] = [];
  for (const batch of batches) {
    const folder = mkdtempSync(join(tmpdir(), 'millpond-bench-'));
    try {
      tables.push(await runBatch(batch, folder, context));
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  }
  return tables;
}

async function runBatch(batch: Batch, folder: string, context: Context): Promise<Table> {
  const inputs = gather(batch, join(folder, 'in'));
  const contenders = [0, 1, 2].map((processes) => millpond(batch, folder, THREADS, processes));
  const starts = new Map<Transcoder, number[]>(contenders.map((contender) => [contender, []]));
  const wholes = await interleave(contenders, context.rounds, async (contender, round) => {
    const { wholeMs, course } = await timed(contender, true);
    starts.get(contender)!.push(course?.startMs ?? 0);
    context.say(`  ${batch.title}, round ${round + 1}: ${contender.name} ${wholeMs.toFixed(0)} ms`);
    return wholeMs;
  });
  const firsts = contenders.map((contender) => spread(starts.get(contender) as number[]));
  const percent = wholes.map(({ median }) => (100 * wholes[0].median) / median);
  return {
    title: `${batch.title}: ${inputs.length} files (ms, whole processes)`,
    columns: ['', 'to the first output', 'whole process', 'least', 'most', 'speed'],
    rows: contenders.map(({ name }, at) => {
      const { median, least, most } = wholes[at];
      const figures = [firsts[at].median, median, least, most].map(significant);
      return [name, ...figures, `${significant(percent[at])} %`];
    }),
    notes: [
      `Medians of ${context.rounds} interleaved rounds; speed beside that without isolation.`,
      ...verify(batch, inputs, contenders),
    ],
    targets: targets(batch, percent[1], firsts[1].median),
  };
}

function targets({ title }: Batch, percent: number, startMs: number): Target[] {
  const isLong = title.startsWith('long');
  const wanted = isLong ? LONG_PERCENT : SHORT_PERCENT;
  const speed = atLeast('in one process of its own, beside none', percent, wanted, '% of the speed');
  // The first output of a long track is there long after the start.
  if (isLong) return [speed];
  return [
    speed,
    atMost('from the start of the command to its first output', significant(startMs), START_MS, 'ms'),
  ];
}

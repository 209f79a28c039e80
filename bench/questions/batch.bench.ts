/** Whole batches, whole processes: millpond against programs that do the same, two files at a time. */
import { linkSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { type Batch, chooseBatches } from '../audio-files.ts';
import type { Benchmark, Context, Table } from '../benchmark.ts';
import { verify } from '../outputs.ts';
import { findFfmpegs, findFlac, type Peer } from '../peers.ts';
import { probe } from '../probe.ts';
import { interleave, type Spread, significant } from '../rounds.ts';
import { atLeast, noSlower, type Target } from '../targets.ts';
import {
  compile,
  ffmpeg,
  flac,
  millpond,
  type Transcoder,
  transcodeAll,
  withoutPool,
} from '../transcoders.ts';

const THREADS = 2;

const benchmark: Benchmark = {
  name: 'batch',
  question: `How long does a batch take, from start to exit, beside others that do ${THREADS} files at once?`,
  run,
};
export default benchmark;

async function run(context: Context): Promise<Table[]> {
  compile();
  const tables: Table[] = [];
  for (const batch of chooseBatches(context.audio, context.fileLimit)) {
    const folder = mkdtempSync(join(tmpdir(), 'millpond-bench-'));
    try {
      tables.push(await runBatch(batch, folder, context));
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  }
  return tables;
}

/** Which contender a row is about, if its program is there. */
interface Row {
  readonly transcoder: Transcoder | undefined;
  readonly peer?: Peer;
  /** Why there is none although the program may be there. */
  readonly unfit?: string;
}

async function runBatch(batch: Batch, folder: string, context: Context): Promise<Table> {
  const inputs = gather(batch, join(folder, 'in'));
  const rows: Row[] = [
    { transcoder: millpond(batch, folder, THREADS) },
    { transcoder: withoutPool(batch, folder, THREADS) },
    ...findFfmpegs().map((peer, at) => {
      const out = join(folder, `ffmpeg-${at}`);
      const transcoder = peer.version ? ffmpeg(peer, batch, inputs, out, THREADS) : undefined;
      return { peer, transcoder };
    }),
    flacRow(batch, inputs, join(folder, 'flac')),
  ];
  const contenders = rows.flatMap(({ transcoder }) => transcoder ?? []);
  const spreads = await interleave(contenders, context.rounds, async (contender, round) => {
    const milliseconds = await transcodeAll(contender);
    context.say(`  ${batch.title}, round ${round + 1}: ${contender.name} ${milliseconds.toFixed(0)} ms`);
    return milliseconds;
  });
  const findings = verify(batch, inputs, contenders);
  const spreadOf = (row: Row): Spread | undefined =>
    row.transcoder && spreads[contenders.indexOf(row.transcoder)];
  const ours = spreads[0];
  return {
    title: `${batch.title}: ${inputs.length} files (s, whole processes)`,
    columns: ['', 'median', 'least', 'most', 'beside millpond'],
    rows: rows.map((row) => {
      const spread = spreadOf(row);
      if (spread === undefined) {
        const { name, remedy } = row.peer!;
        return row.unfit
          ? [`${name}: ${row.unfit}`, '', '', '', '']
          : [`${name}: not found`, '', '', '', `get it: ${remedy}`];
      }
      const cells = [spread.median, spread.least, spread.most].map((ms) => significant(ms / 1000));
      const ratio = spread === ours ? '' : `${significant(spread.median / ours.median)} x`;
      return [row.transcoder!.name, ...cells, ratio];
    }),
    notes: [
      `Medians of ${context.rounds} interleaved rounds; over 1 x millpond was quicker, under 1 x the other.`,
      ...findings,
      ...rows.flatMap(({ peer }) => (peer?.version ? [`${peer.name}: ${peer.version}`] : [])),
    ],
    targets: targets(batch, ours, spreads[1], spreadOf(rows[2])),
  };
}

function flacRow(batch: Batch, inputs: readonly string[], out: string): Row {
  const peer = findFlac();
  if (!peer.version) return { peer, transcoder: undefined };
  const fits = batch.to === 'flac' && inputs.every((input) => isPlainWav(input));
  if (!fits) return { peer, transcoder: undefined, unfit: 'does not apply, takes 16-bit WAV to FLAC only' };
  return { peer, transcoder: flac(peer, batch, inputs, out, THREADS) };
}

export function isPlainWav(input: string): boolean {
  const facts = probe(input);
  return facts?.codec === 'pcm' && facts.bits === 16;
}

function targets(
  { title, staticTarget }: Batch,
  ours: Spread,
  without: Spread,
  statically: Spread | undefined,
): Target[] {
  return [
    ...(statically
      ? [
          atLeast(
            `${title}, beside the static ffmpeg`,
            statically.median / ours.median,
            staticTarget,
            'x its speed',
          ),
        ]
      : []),
    noSlower(`${title}, beside the same without the pool`, ours, without),
  ];
}

/**
 * All audio files of the batch in one flat folder, as links under names that cannot clash. Reading each also
 * warms the cache.
 */
export function gather(batch: Batch, folder: string): string[] {
  mkdirSync(folder);
  return batch.files.map(({ file }, index) => {
    const link = join(folder, `${String(index).padStart(4, '0')}-${basename(file)}`);
    readFileSync(file);
    try {
      linkSync(file, link);
    } catch {
      symlinkSync(file, link); // another file system
    }
    return link;
  });
}

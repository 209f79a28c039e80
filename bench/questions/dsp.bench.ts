/** A user's own DSP job over blocks: leases, new memory for each block, and blocks copied between threads. */
import { strict as assert } from 'node:assert';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { KiB, MiB } from '../../src/index.ts';
import { chooseBatches } from '../audio-files.ts';
import type { Benchmark, Context, Table } from '../benchmark.ts';
import { decodeAll, type Samples } from '../dsp/samples.ts';
import type { Kind } from '../dsp/work.ts';
import { inOwnProcess } from '../own-process.ts';
import { interleave, type Spread, significant, spread } from '../rounds.ts';
import { atMost, noSlower } from '../targets.ts';
import type { DspOptions, DspResult, Way } from './dsp-process.ts';

const THREADS = 2;
const TRACKS = 4;
/** Enough for a part of a second. */
const SAMPLES = 24_000_000;

const WAYS: readonly { readonly way: Way; readonly label: string }[] = [
  { way: 'leases', label: 'leases' },
  { way: 'allocated', label: 'new Float32Array for each block' },
  { way: 'copied', label: 'blocks copied through postMessage' },
];

const benchmark: Benchmark = {
  name: 'dsp',
  question: "What does a user's own DSP job gain from leases?",
  run,
};
export default benchmark;

interface Material {
  readonly name: string;
  readonly samples: readonly Samples[];
}

/** Short clips and long tracks as plain samples. */
export function prepare(context: Context, folder: string): { clips: Material; tracks: Material } {
  const batches = chooseBatches(context.audio, context.fileLimit);
  const [clips, tracks] = [batches[0], batches[batches.length - 1]];
  const decoded = (name: string, files: (typeof clips)['files']): Material => ({
    name,
    samples: decodeAll(files, mkdtempSync(join(folder, 'samples-'))),
  });
  return {
    clips: decoded('short clips', clips.files),
    tracks: decoded('long tracks', tracks.files.slice(0, TRACKS)),
  };
}

/** The options that are the same for all contenders: enough repeats for a part of a second. */
export function workOn(
  { samples }: Material,
  kind: Kind,
  blockBytes: number,
): Omit<DspOptions, 'way' | 'threads'> {
  const total = samples.reduce((sum, { count }) => sum + count, 0);
  assert.ok(total > 0, 'the audio files hold no samples');
  return { kind, blockBytes, files: samples.map(({ file }) => file), repeats: Math.ceil(SAMPLES / total) };
}

async function run(context: Context): Promise<Table[]> {
  const folder = mkdtempSync(join(tmpdir(), 'millpond-bench-'));
  try {
    const { clips, tracks } = prepare(context, folder);
    const tables: Table[] = [];
    for (const kind of ['biquad', 'spectrum'] as const) {
      for (const [material, blockBytes] of [
        [clips, 64 * KiB],
        [tracks, 64 * KiB],
        [tracks, MiB],
      ] as const) {
        tables.push(await compare(material, kind, blockBytes, context));
      }
    }
    return tables;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function compare(material: Material, kind: Kind, blockBytes: number, context: Context): Promise<Table> {
  const work = workOn(material, kind, blockBytes);
  const name = `${kind === 'biquad' ? 'A chain of 4 biquads' : 'A spectrum'} over ${material.name}`;
  const title = `${name}, blocks of ${blockBytes / KiB} KiB`;
  const results = WAYS.map((): DspResult[] => []);
  const times = await interleave(WAYS, context.rounds, async ({ way, label }, round) => {
    const options: DspOptions = { ...work, way, threads: THREADS };
    const result = await inOwnProcess<DspResult>('./questions/dsp-process.ts', options);
    results[WAYS.findIndex((other) => other.way === way)].push(result);
    context.say(`  ${title}, round ${round + 1}: ${label} ${result.milliseconds.toFixed(0)} ms`);
    return result.milliseconds;
  });
  const [first] = results[0];
  for (const [at, { label }] of WAYS.entries()) {
    for (const { energy } of results[at]) assert.equal(energy, first.energy, `${label} made other samples`);
  }
  const medians = (of: (result: DspResult) => number): number[] =>
    results.map((each) => spread(each.map(of)).median);
  const counts = medians(({ pauses }) => pauses.count);
  const paused = medians(({ pauses }) => pauses.milliseconds);
  const peaks = medians(({ peakRssMiB }) => peakRssMiB);
  const cells = ({ median, least, most }: Spread) => [median, least, most].map(significant);
  return {
    title: `${title} (ms)`,
    columns: ['', 'median', 'least', 'most', 'GC pauses', 'GC ms', 'peak RSS MiB'],
    rows: WAYS.map(({ label }, at) => [
      label,
      ...cells(times[at]),
      ...[counts[at], paused[at], peaks[at]].map(significant),
    ]),
    notes: [
      `Medians of ${context.rounds} interleaved rounds, each in a process of its own with ${THREADS} threads, start excluded.`,
      `${work.files.length} files of plain samples, gone through ${work.repeats} times. All make the same samples, bit for bit.`,
    ],
    targets: WAYS.slice(1).flatMap(({ label }, before) => {
      const at = before + 1;
      const beside = `leases, beside ${label}`;
      return [
        noSlower(beside, times[0], times[at]),
        atMost(beside, counts[0], significant(counts[at]), 'GC pauses'),
        atMost(beside, peaks[0], significant(peaks[at]), 'MiB at the peak'),
      ];
    }),
  };
}

/** What a second thread brings: whole batches, and a user's DSP job. */
import { strict as assert } from 'node:assert';
import { mkdtempSync, rmSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { KiB } from '../../src/index.ts';
import { chooseBatches } from '../audio-files.ts';
import type { Benchmark, Context, Table } from '../benchmark.ts';
import { verify } from '../outputs.ts';
import { inOwnProcess } from '../own-process.ts';
import { interleave, type Spread, significant } from '../rounds.ts';
import { atLeast } from '../targets.ts';
import { compile, millpond, transcodeAll } from '../transcoders.ts';
import { gather } from './batch.bench.ts';
import { prepare, workOn } from './dsp.bench.ts';
import type { DspResult } from './dsp-process.ts';

const THREADS = [1, 2] as const;
const WANTED = 1.9;

interface Work {
  readonly label: string;
  /** @returns milliseconds */
  measure(threads: number): Promise<number>;
  /** Checks what was measured, at the end. */
  check(): void;
}

const benchmark: Benchmark = {
  name: 'scaling',
  question: 'How much quicker are two threads than one?',
  run,
};
export default benchmark;

async function run(context: Context): Promise<Table[]> {
  compile();
  const folder = mkdtempSync(join(tmpdir(), 'millpond-bench-'));
  try {
    const rows: (string | number)[][] = [];
    const targets = [];
    for (const { label, measure, check } of [...batches(context, folder), ...dsp(context, folder)]) {
      const spreads = await interleave(THREADS, context.rounds, async (threads, round) => {
        const milliseconds = await measure(threads);
        context.say(`  ${label}, round ${round + 1}: ${threads} threads ${milliseconds.toFixed(0)} ms`);
        return milliseconds;
      });
      check();
      const [one, two] = spreads;
      const range = ({ least, most }: Spread) => `${significant(least)} to ${significant(most)}`;
      const gain = one.median / two.median;
      rows.push([
        label,
        ...[one, two].flatMap((each) => [significant(each.median), range(each)]),
        `${significant(gain)} x`,
      ]);
      targets.push(atLeast(label, gain, WANTED, 'x'));
    }
    return [
      {
        title: 'One thread and two (ms)',
        columns: ['', '1 thread', '', '2 threads', '', 'gain'],
        rows,
        notes: [
          `Medians and ranges of ${context.rounds} interleaved rounds, on ${availableParallelism()} cores.`,
          'Batches are whole processes: the start, which no thread shares, counts. The DSP job is without its start.',
        ],
        targets,
      },
    ];
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function batches(context: Context, folder: string): Work[] {
  return chooseBatches(context.audio, context.fileLimit).map((batch, at) => {
    const home = mkdtempSync(join(folder, `batch-${at}-`));
    const inputs = gather(batch, join(home, 'in'));
    const contenders = THREADS.map((threads) => millpond(batch, home, threads));
    return {
      label: `${batch.title}, ${inputs.length} files`,
      measure: (threads) => transcodeAll(contenders[threads - 1]),
      check: () => void verify(batch, inputs, contenders),
    };
  });
}

function dsp(context: Context, folder: string): Work[] {
  const { clips, tracks } = prepare(context, folder);
  return (['biquad', 'spectrum'] as const).flatMap((kind) =>
    [clips, tracks].map((material): Work => {
      const work = workOn(material, kind, 64 * KiB);
      const energies = new Set<number>();
      return {
        label: `${kind === 'biquad' ? 'biquad chain' : 'spectrum'}, ${material.name}`,
        async measure(threads) {
          const options = { ...work, way: 'leases', threads };
          const { milliseconds, energy } = await inOwnProcess<DspResult>(
            './questions/dsp-process.ts',
            options,
          );
          energies.add(energy);
          return milliseconds;
        },
        check: () => assert.equal(energies.size, 1, 'two threads made other samples than one'),
      };
    }),
  );
}

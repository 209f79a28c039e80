/** The meters of `analyze` alone, over samples in memory, on this thread. */
import { strict as assert } from 'node:assert';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Analyzer, Block, blockBytes, openDecoder } from '../../src/audio/index.ts';
import { NO_TAGS } from '../../src/audio/tags/model.ts';
import { MiB } from '../../src/index.ts';
import { chooseBatches } from '../audio-files.ts';
import type { Benchmark, Context, Table } from '../benchmark.ts';
import { allocating } from '../jobs/pool-stand-in.ts';
import { findFfmpegs } from '../peers.ts';
import { interleave, type Spread, significant } from '../rounds.ts';
import { atLeast } from '../targets.ts';

const RATE = 48_000;
const MOST_SECONDS = 1200;
/** What is wanted of the meters, in times real time. */
const WANTED = 800;
/** Compiled code comes in steps. */
const WARM_ROUNDS = 2;

const benchmark: Benchmark = {
  name: 'analyze',
  question: 'How many times faster than real time are the meters of analyze, on one core?',
  run,
};
export default benchmark;

interface Material {
  readonly blocks: readonly Block[];
  readonly frames: readonly number[];
  readonly seconds: number;
}

async function run(context: Context): Promise<Table[]> {
  const { blocks, frames, seconds } = stereo(context);
  assert.ok(seconds > 0, 'no stereo file of 48 kHz among the audio files');
  const folder = mkdtempSync(join(tmpdir(), 'millpond-bench-'));
  try {
    const raw = join(folder, 'raw.f32');
    writeFileSync(raw, interleaved({ blocks, frames, seconds }));
    const ffmpeg = findFfmpegs()[1];
    const loudness = new Set<string>();
    const ours = async (): Promise<number> => {
      const analyzer = new Analyzer({ ...INFO });
      const started = performance.now();
      for (const [at, block] of blocks.entries()) analyzer.measure(block, frames[at]);
      const result = analyzer.result();
      const took = performance.now() - started;
      loudness.add(JSON.stringify(result));
      return took;
    };
    const theirs = async (): Promise<number> => {
      const started = performance.now();
      execFileSync(ffmpeg.program, [
        ...'-v error -threads 1 -f f32le -ar 48000 -ac 2 -i'.split(' '),
        raw,
        ...FILTER,
      ]);
      return performance.now() - started;
    };
    const contenders = ffmpeg.version === undefined ? [ours] : [ours, theirs];
    for (let round = 0; round < WARM_ROUNDS; round++) await ours();
    const spreads = await interleave(contenders, context.rounds, (one) => one());
    assert.equal(loudness.size, 1, 'the same samples were measured differently');
    const times = spreads.map(({ median, least, most }): Spread => {
      return {
        median: (seconds * 1000) / median,
        least: (seconds * 1000) / most,
        most: (seconds * 1000) / least,
      };
    });
    const names = ['millpond, all meters', `${ffmpeg.name}, ebur128 with both peaks and its process`];
    return [
      {
        title: `Times real time, ${Math.round(seconds)} s of stereo at 48 kHz with four times oversampling`,
        columns: ['meters', 'median', 'least', 'most'],
        rows: times.map(({ median, least, most }, at) => [
          names[at],
          ...[median, least, most].map(significant),
        ]),
        notes: ffmpeg.version === undefined ? [`No ${ffmpeg.name} here: ${ffmpeg.remedy}.`] : [],
        targets: [atLeast('all meters', times[0].median, WANTED, 'times real time')],
      },
    ];
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

const FILTER = ['-af', 'ebur128=peak=true+sample:framelog=verbose', '-f', 'null', '-'];

const INFO = {
  ...{ sampleRate: RATE, channels: 2, codec: 'pcm_f32le', sampleFormat: 'flt', lossless: true },
  ...{ layout: { nbChannels: 2, order: 1, mask: 3n }, announcedFrames: null, tags: NO_TAGS },
  depth: { type: 'float', bits: 32 } as const,
};

/** The longest batch there is, decoded. */
function stereo({ audio, fileLimit }: Context): Material {
  const blocks: Block[] = [];
  const frames: number[] = [];
  let sum = 0;
  for (const { file } of chooseBatches(audio, fileLimit).at(-1)?.files ?? []) {
    if (sum >= MOST_SECONDS * RATE) break;
    using decoder = openDecoder(file);
    if (decoder.info.channels !== 2) continue;
    // The few at another rate take as long a sample.
    decoder.configure('f32', RATE);
    for (;;) {
      const block = new Block(allocating.acquire(blockBytes(MiB, 2)), 2);
      const count = decoder.read(block);
      if (count === 0) break;
      blocks.push(block);
      frames.push(count);
      sum += count;
    }
  }
  return { blocks, frames, seconds: sum / RATE };
}

function interleaved({ blocks, frames }: Material): Float32Array {
  const samples = new Float32Array(2 * frames.reduce((sum, count) => sum + count, 0));
  let at = 0;
  for (const [index, block] of blocks.entries()) {
    const [left, right] = [block.channel(0), block.channel(1)];
    for (let i = 0; i < frames[index]; i++) {
      samples[at++] = left[i];
      samples[at++] = right[i];
    }
  }
  return samples;
}

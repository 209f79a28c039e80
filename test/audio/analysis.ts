/** Audio made up on the spot, and what an analyzer says of it. */
import { type Analysis, Analyzer, type AnalyzerOptions } from '../../src/audio/analysis/analyzer.ts';
import { Block } from '../../src/audio/block.ts';
import type { AudioInfo } from '../../src/audio/plan/audio-info.ts';
import { defaultLayout } from '../../src/audio/plan/channels.ts';
import { NO_TAGS } from '../../src/audio/tags/model.ts';
import { dirtyShard } from '../stand.ts';

export interface Material {
  readonly sampleRate: number;
  readonly planes: readonly Float32Array[];
}

/** dBFS of the peak, for so many seconds. */
export type Step = readonly [decibels: number, seconds: number];

export const decibels = (db: number): number => 10 ** (db / 20);

/** A sine whose level goes through steps, without a jump of phase. */
export function steps(levels: readonly Step[], { hz = 1000, rate = 48_000, phase = 0 } = {}): Float32Array {
  const lengths = levels.map(([, seconds]) => Math.round(seconds * rate));
  const samples = new Float32Array(lengths.reduce((sum, length) => sum + length, 0));
  let at = 0;
  for (const [index, length] of lengths.entries()) {
    const peak = decibels(levels[index][0]);
    for (let i = 0; i < length; i++, at++)
      samples[at] = peak * Math.sin((2 * Math.PI * hz * at) / rate + phase);
  }
  return samples;
}

export function stereo(plane: Float32Array, sampleRate = 48_000): Material {
  return { sampleRate, planes: [plane, plane] };
}

interface Looks extends AnalyzerOptions {
  readonly depth?: AudioInfo['depth'];
  /** Frames of the next block. */
  readonly blockFrames?: () => number;
}

export function analyzed({ sampleRate, planes }: Material, looks: Looks = {}): Analysis {
  const { depth = { type: 'float', bits: 32 }, blockFrames = () => 10_000, ...options } = looks;
  const channels = planes.length;
  const analyzer = new Analyzer(
    {
      ...{ sampleRate, channels, depth, layout: defaultLayout(channels), codec: 'pcm_f32le', tags: NO_TAGS },
      ...{ sampleFormat: 'flt', lossless: true, announcedFrames: null },
    },
    options,
  );
  using lease = dirtyShard().acquire(65_536 * 4 * channels);
  const block = new Block(lease, channels);
  for (let from = 0; from < planes[0].length; ) {
    const frames = Math.min(blockFrames(), block.capacity, planes[0].length - from);
    for (const [channel, plane] of planes.entries()) {
      block.channel(channel).set(plane.subarray(from, from + frames));
    }
    analyzer.measure(block, frames);
    from += frames;
  }
  return analyzer.result();
}

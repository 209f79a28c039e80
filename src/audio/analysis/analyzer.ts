/**
 * All that is measured of one audio file, block by block: a kernel that changes nothing. Owned by one task on
 * one thread.
 * Invariant: the result does not depend on how the audio was cut into blocks.
 */
import type { Block } from '../block.ts';
import type { AudioInfo } from '../plan/audio-info.ts';
import { loudnessWeights } from '../plan/channels.ts';
import { SILENCE_DB } from './defaults.ts';
import { LevelMeter, STRETCH } from './levels.ts';
import { type Loudness, LoudnessMeter } from './loudness.ts';
import { TruePeakMeter } from './true-peak.ts';
import { type Waveform, WaveformMeter, type WaveformRequest } from './waveform.ts';

/** Frames that all meters look at before the next: they stay in the cache. */
const PASS_FRAMES = 4096;

/** One channel, or all of them together. Decibels are `null` for silence. */
export interface Levels {
  /** dBTP: the greatest value, those between the samples included (ITU-R BS.1770-5, annex 2). */
  readonly truePeakDb: number | null;
  /** dBFS: the greatest sample. */
  readonly peakDb: number | null;
  /** dBFS: root of the mean square; a square wave at full scale has 0. */
  readonly rmsDb: number | null;
  /** -1 to 1: the mean of all samples. Of all channels together, the one that is farthest off zero. */
  readonly dcOffset: number;
  /** Samples at full scale or past it. */
  readonly clippedSamples: number;
}

export interface Analysis {
  readonly loudness: Loudness;
  readonly levels: Levels;
  /** In the order of the file's channels. */
  readonly channelLevels: readonly Levels[];
  /** Seconds of silence at both ends; the whole length at the start where nothing else is there. */
  readonly silence: { readonly startSeconds: number; readonly endSeconds: number };
  readonly waveform: Waveform | null;
}

export interface AnalyzerOptions {
  /** dBFS, -200 to 0: what is no louder counts as silence. Default -60. */
  readonly silenceDb?: number;
  /** Default: none. */
  readonly waveform?: WaveformRequest;
}

export class Analyzer {
  /** Frames measured. */
  frames = 0;
  readonly #sampleRate: number;
  readonly #loudness: LoudnessMeter;
  readonly #levels: LevelMeter[];
  readonly #truePeaks: TruePeakMeter[];
  readonly #waveform: WaveformMeter | null;
  readonly #magnitudes = new Float32Array(PASS_FRAMES / STRETCH);
  readonly #planes: Float32Array[] = [];

  constructor(info: AudioInfo, options: AnalyzerOptions = {}) {
    const { silenceDb = SILENCE_DB, waveform } = options;
    const { sampleRate, layout, depth } = info;
    const fullScale = depth.type === 'integer' && depth.bits <= 24 ? 1 - 2 ** (1 - depth.bits) : 1;
    const weights = loudnessWeights(layout);
    this.#sampleRate = sampleRate;
    this.#loudness = new LoudnessMeter(sampleRate, weights);
    this.#levels = weights.map(() => new LevelMeter(fullScale, 10 ** (silenceDb / 20)));
    this.#truePeaks = weights.map(() => new TruePeakMeter(sampleRate));
    this.#waveform = waveform === undefined ? null : new WaveformMeter(sampleRate, waveform);
  }

  /** Samples that were no finite numbers, and count as silence. */
  get invalidSamples(): number {
    return this.#levels.reduce((sum, { invalid }) => sum + invalid, 0);
  }

  /** @param block of floats; samples that are no finite numbers become silence in place */
  measure(block: Block, frames: number): void {
    for (let from = 0; from < frames; from += PASS_FRAMES) {
      const length = Math.min(frames - from, PASS_FRAMES);
      for (let channel = 0; channel < this.#levels.length; channel++) {
        const samples = block.channel(channel).subarray(from, from + length);
        this.#planes[channel] = samples;
        this.#levels[channel].measure(samples, length, this.#magnitudes);
        this.#truePeaks[channel].measure(samples, length, this.#magnitudes);
      }
      this.#loudness.measure(this.#planes, length);
      this.#waveform?.measure(this.#planes, length);
    }
    this.frames += frames;
  }

  /** To be called once, after the last block. */
  result(): Analysis {
    for (const meter of this.#truePeaks) meter.finish();
    const channelLevels = this.#levels.map((level, channel) => ({
      truePeakDb: decibels(this.#truePeaks[channel].peak),
      peakDb: decibels(level.peak),
      rmsDb: decibels(level.rms),
      dcOffset: level.mean,
      clippedSamples: level.clipped,
    }));
    const leading = Math.min(...this.#levels.map((level) => level.leading));
    const sounding = Math.max(...this.#levels.map((level) => level.sounding));
    const silentEnd = sounding === 0 ? 0 : this.frames - sounding;
    return {
      loudness: this.#loudness.result(),
      levels: this.#together(channelLevels),
      channelLevels,
      silence: { startSeconds: leading / this.#sampleRate, endSeconds: silentEnd / this.#sampleRate },
      waveform: this.#waveform?.result() ?? null,
    };
  }

  #together(channels: readonly Levels[]): Levels {
    const levels = this.#levels;
    const power = levels.reduce((sum, { rms }) => sum + rms * rms, 0) / levels.length;
    const farthest = levels.reduce((most, { mean }) => (Math.abs(mean) > Math.abs(most) ? mean : most), 0);
    return {
      truePeakDb: decibels(Math.max(...this.#truePeaks.map(({ peak }) => peak))),
      peakDb: decibels(Math.max(...levels.map(({ peak }) => peak))),
      rmsDb: decibels(Math.sqrt(power)),
      dcOffset: farthest,
      clippedSamples: channels.reduce((sum, { clippedSamples }) => sum + clippedSamples, 0),
    };
  }
}

function decibels(factor: number): number | null {
  return factor > 0 ? 20 * Math.log10(factor) : null;
}

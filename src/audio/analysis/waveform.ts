/**
 * The outline of an audio file: least, greatest and power of stretches of equal length, all channels
 * together. Owned by one task on one thread.
 * Invariant: a point never spans a part of a stretch but at the end; with more points than are wanted at
 * most, two become one, so the memory is bounded however long the audio is.
 */
import { WAVEFORM } from './defaults.ts';

/** How fine a waveform is. */
export interface WaveformRequest {
  /** Points for each second of audio, 0.001 and up, one a frame at most. Default 50. */
  readonly pointsPerSecond?: number;
  /**
   * 2 to 1000000, even. Default 65536. Where the audio is longer, points become twice as long, as often as
   * needed; so there are more than half of these.
   */
  readonly mostPoints?: number;
}

export interface Waveform {
  /** Frames of each point; the last may have fewer. */
  readonly framesPerPoint: number;
  /** Of all channels together, as factors of full scale. */
  readonly min: Float32Array<ArrayBuffer>;
  readonly max: Float32Array<ArrayBuffer>;
  /** Root of the mean square of each point. */
  readonly rms: Float32Array<ArrayBuffer>;
}

export class WaveformMeter {
  readonly #most: number;
  readonly #min: Float32Array;
  readonly #max: Float32Array;
  /** Sums of squares. */
  readonly #power: Float64Array;
  #framesPerPoint: number;
  #channels = 1;
  /** Points begun, and frames of the last of them. */
  #points = 0;
  #filled: number;

  constructor(sampleRate: number, request: WaveformRequest) {
    const { pointsPerSecond = WAVEFORM.pointsPerSecond, mostPoints = WAVEFORM.mostPoints } = request;
    this.#framesPerPoint = Math.max(1, Math.round(sampleRate / pointsPerSecond));
    this.#filled = this.#framesPerPoint;
    this.#most = mostPoints;
    this.#min = new Float32Array(mostPoints);
    this.#max = new Float32Array(mostPoints);
    this.#power = new Float64Array(mostPoints);
  }

  measure(planes: readonly Float32Array[], frames: number): void {
    this.#channels = planes.length;
    for (let from = 0; from < frames; ) {
      if (this.#filled === this.#framesPerPoint) this.#begin();
      const to = Math.min(frames, from + this.#framesPerPoint - this.#filled);
      for (let channel = 0; channel < planes.length; channel++) this.#add(planes[channel], from, to);
      this.#filled += to - from;
      from = to;
    }
  }

  result(): Waveform {
    const points = this.#points;
    const full = this.#framesPerPoint * this.#channels;
    const rms = new Float32Array(points);
    for (let at = 0; at < points; at++) {
      const samples = at === points - 1 ? this.#filled * this.#channels : full;
      rms[at] = Math.sqrt(this.#power[at] / samples);
    }
    return {
      framesPerPoint: this.#framesPerPoint,
      min: this.#min.slice(0, points),
      max: this.#max.slice(0, points),
      rms,
    };
  }

  #begin(): void {
    if (this.#points === this.#most) this.#halve();
    const at = this.#points++;
    this.#filled = 0;
    this.#min[at] = Number.POSITIVE_INFINITY;
    this.#max[at] = Number.NEGATIVE_INFINITY;
    this.#power[at] = 0;
  }

  /** All points are full when it is called. */
  #halve(): void {
    this.#points /= 2;
    this.#framesPerPoint *= 2;
    for (let at = 0; at < this.#points; at++) {
      this.#min[at] = Math.min(this.#min[2 * at], this.#min[2 * at + 1]);
      this.#max[at] = Math.max(this.#max[2 * at], this.#max[2 * at + 1]);
      this.#power[at] = this.#power[2 * at] + this.#power[2 * at + 1];
    }
  }

  #add(samples: Float32Array, from: number, to: number): void {
    const at = this.#points - 1;
    let least = this.#min[at];
    let most = this.#max[at];
    let power = this.#power[at];
    for (let i = from; i < to; i++) {
      const sample = samples[i];
      least = Math.min(least, sample);
      most = Math.max(most, sample);
      power += sample * sample;
    }
    this.#min[at] = least;
    this.#max[at] = most;
    this.#power[at] = power;
  }
}

/** The request and the result of a measurement. */
import { MillpondError } from '../../errors.ts';
import { type AudioLimits, checkAudioLimits } from '../plan/limits.ts';
import type { AudioInput } from '../sources/open-source.ts';
import type { Analysis, AnalyzerOptions } from './analyzer.ts';
import { SILENCE_DB, WAVEFORM } from './defaults.ts';

export interface AnalyzeRequest extends AnalyzerOptions, AudioLimits {
  /** Path of the audio file, or its bytes in leases. What it is its content says, not its name. */
  readonly input: AudioInput;
}

export interface AnalyzeResult extends Analysis {
  /** Frames (samples per channel) that were decoded. */
  readonly frames: number;
  /** Hz. */
  readonly sampleRate: number;
  /** 1 to 8. */
  readonly channels: number;
  /** Of audio: `frames` at `sampleRate`. */
  readonly seconds: number;
  /** FFmpeg's name of the codec, such as `flac` or `vorbis`. */
  readonly codec: string;
  /** What was left out or taken for something else. */
  readonly warnings: string[];
}

/** @throws MillpondError `ERR_INVALID_ARGUMENT` for what is outside its documented range */
export function checkAnalyzeRequest(request: AnalyzeRequest): void {
  const { silenceDb = SILENCE_DB, waveform = {} } = request;
  checkAudioLimits(request);
  if (!(silenceDb >= -200 && silenceDb <= 0)) {
    throw invalid(`The threshold of silence is -200 to 0 dBFS, got ${silenceDb}. Try ${SILENCE_DB}.`);
  }
  const { pointsPerSecond = WAVEFORM.pointsPerSecond, mostPoints = WAVEFORM.mostPoints } = waveform;
  if (!(pointsPerSecond >= 0.001 && Number.isFinite(pointsPerSecond))) {
    throw invalid(
      `A waveform has 0.001 points a second or more, got ${pointsPerSecond}. Try ${WAVEFORM.pointsPerSecond}.`,
    );
  }
  if (!(mostPoints >= 2 && mostPoints <= 1_000_000 && mostPoints % 2 === 0)) {
    throw invalid(
      `A waveform has at most 2 to 1000000 points, an even number, got ${mostPoints}. Try ${WAVEFORM.mostPoints}.`,
    );
  }
}

function invalid(message: string): MillpondError {
  return new MillpondError('ERR_INVALID_ARGUMENT', message);
}

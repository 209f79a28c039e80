/** What job files import to work on audio files: `millpond/audio`. Synchronous, for worker threads. */
export { pathFromBytes } from '../files/byte-paths.ts';
export type { SpooledFile } from '../files/spool.ts';
export { type Analysis, Analyzer, type AnalyzerOptions, type Levels } from './analysis/analyzer.ts';
export type { Loudness } from './analysis/loudness.ts';
export type { AnalyzeRequest, AnalyzeResult } from './analysis/request.ts';
export type { Waveform, WaveformRequest } from './analysis/waveform.ts';
export { analyze } from './analyze.ts';
export { Block, type BlockKind, blockBytes, type Plane } from './block.ts';
export type { Decoder } from './decode/decoder.ts';
export type { AudioJobContext } from './decoded-blocks.ts';
export { downMix, type Fade, fade, gain, gainFactor } from './kernels.ts';
export { openDecoder } from './open-decoder.ts';
export type { AudioInfo } from './plan/audio-info.ts';
export { defaultLayout, type Layout, mixMatrix } from './plan/channels.ts';
export type { AudioLimits } from './plan/limits.ts';
export type { OutputChecks, TranscodeRequest, TranscodeResult } from './plan/request.ts';
export type { Bits, TargetName } from './plan/targets.ts';
export type { AudioOutput, OutputInLeases } from './sinks/create-sink.ts';
export type { OutputAtPath } from './sinks/file-sink.ts';
export type { AudioBytes } from './sources/lease-source.ts';
export type { AudioInput } from './sources/open-source.ts';
export {
  type BlockFormat,
  type Kernel,
  transcode,
} from './transcode.ts';

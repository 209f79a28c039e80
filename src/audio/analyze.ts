/**
 * One file measured: decode and meters, block by block through one lease. Synchronous; runs on one thread.
 * Invariants: the lease is released on every path; the result is the same whatever the block sizes were.
 */
import { Analyzer } from './analysis/analyzer.ts';
import { type AnalyzeRequest, type AnalyzeResult, checkAnalyzeRequest } from './analysis/request.ts';
import { type AudioJobContext, decodeBlocks } from './decoded-blocks.ts';
import { openDecoder } from './open-decoder.ts';

/**
 * Measures one file: loudness, true peak, levels, silence at its ends, and its waveform where one is asked
 * for.
 * @throws MillpondError `ERR_AUDIO_*`, `ERR_INVALID_ARGUMENT`, and whatever the pool throws; the signal's
 * reason when cancelled
 */
export function analyze(request: AnalyzeRequest, context: AudioJobContext): AnalyzeResult {
  context.signal.throwIfAborted();
  checkAnalyzeRequest(request);
  using decoder = openDecoder(request.input, request);
  const { channels, sampleRate, codec } = decoder.info;
  const analyzer = new Analyzer(decoder.info, request);
  decodeBlocks(decoder, { channels, kind: 'f32', sampleRate }, context, (block, frames) => {
    analyzer.measure(block, frames);
    return frames * channels * 4;
  });
  const { frames, invalidSamples } = analyzer;
  const invalid = invalidSamples > 0 ? ['Samples that are no finite numbers counted as silence.'] : [];
  return {
    frames,
    sampleRate,
    channels,
    seconds: frames / sampleRate,
    codec,
    ...analyzer.result(),
    warnings: [...decoder.warnings, ...invalid],
  };
}

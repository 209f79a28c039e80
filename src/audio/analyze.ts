/**
 * One file measured: decode and meters, block by block through one lease. Synchronous; runs on one thread.
 * Invariants: the lease is released on every path; the result is the same whatever the block sizes were.
 */
import { Analyzer } from './analysis/analyzer.ts';
import { type AnalyzeRequest, type AnalyzeResult, checkAnalyzeRequest } from './analysis/request.ts';
import { type BlockSources, withBlocks } from './blocks.ts';
import { openDecoder } from './open-decoder.ts';

export interface AnalyzeContext extends BlockSources {
  /** Gets 0 to 1 after each block, as far as the container announces its length. */
  readonly progress?: (fraction: number) => void;
}

/**
 * Measures one file: loudness, true peak, levels, silence at its ends, and its waveform where one is asked
 * for.
 * @throws MillpondError `ERR_AUDIO_*`, `ERR_INVALID_ARGUMENT`, and whatever the pool throws; the signal's
 * reason when cancelled
 *
 */
export function analyze(request: AnalyzeRequest, context: AnalyzeContext): AnalyzeResult {
  context.signal.throwIfAborted();
  checkAnalyzeRequest(request);
  using decoder = openDecoder(request.input);
  const { channels, sampleRate, codec, announcedFrames } = decoder.info;
  const analyzer = new Analyzer(decoder.info, request);
  withBlocks({ channels, kind: 'f32', sampleRate }, context, (block) => {
    const frames = decoder.read(block);
    if (frames === 0) return false;
    analyzer.measure(block, frames);
    context.block.processed?.(frames * channels * 4);
    if (context.progress && announcedFrames) {
      context.progress(Math.min(1, decoder.decodedFrames / announcedFrames));
    }
    return true;
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

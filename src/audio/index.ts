/** What job files import to read, process and write recordings: `millpond/audio`. Synchronous, for worker threads. */
export { Block, type BlockKind, blockBytes, type Plane } from './block.ts';
export { type AudioInfo, type Decoder, openDecoder } from './decode/decoder.ts';
export { downMix, type Fade, fade, gain, gainFactor } from './kernels.ts';
export { defaultLayout, type Layout, mixMatrix } from './plan/channels.ts';
export type { Bits, TargetName } from './plan/targets.ts';
export {
  type BlockFormat,
  type Kernel,
  type TranscodeContext,
  type TranscodeRequest,
  type TranscodeResult,
  transcode,
} from './transcode.ts';

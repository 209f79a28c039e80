/** What job files import to read, process and write recordings: `millpond/audio`. Synchronous, for worker threads. */
export { Block, type BlockKind, blockBytes, type Plane } from './block.ts';
export { defaultLayout, type Layout, mixMatrix } from './channels.ts';
export { type AudioInfo, type Decoder, openDecoder } from './decoder.ts';
export { downMix, type Fade, fade, gain, gainFactor } from './kernels.ts';
export type { Bits, TargetName } from './targets.ts';
export {
  type BlockFormat,
  type Kernel,
  type TranscodeContext,
  type TranscodeRequest,
  type TranscodeResult,
  transcode,
} from './transcode.ts';

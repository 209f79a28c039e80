/** What a conversion does to the samples, for all that describes them: tags and chunks. Pure. */
import type { AudioInfo } from './audio-info.ts';
import { mustMix } from './channels.ts';
import { fades, isProcessed, type TranscodeSettings } from './request.ts';
import type { TargetPlan } from './targets.ts';

export interface SampleChange {
  /** Hz. */
  readonly rate: { readonly from: number; readonly to: number };
  /** Channels are mixed, or are other ones. */
  readonly mixed: boolean;
  /** Of an output of whole numbers, where what is past full scale is cut off; else `null`. */
  readonly bits: number | null;
  readonly gainDb: number;
  /** They get louder or quieter by what nobody knows, besides the gain. */
  readonly levelUnknown: boolean;
  /** Any of them becomes another number. */
  readonly altered: boolean;
}

export function sampleChange(
  source: AudioInfo,
  plan: TargetPlan,
  request: TranscodeSettings,
  hasKernel: boolean,
): SampleChange {
  const rate = { from: source.sampleRate, to: plan.sampleRate };
  const mixed = mustMix(source.layout, plan.layout);
  const sourceBits = source.depth.type === 'integer' ? source.depth.bits : null;
  const processed = hasKernel || isProcessed(request);
  return {
    rate,
    mixed,
    bits: plan.bits,
    gainDb: request.gainDb ?? 0,
    levelUnknown: mixed || hasKernel || fades(request),
    altered: mixed || processed || rate.from !== rate.to || sourceBits !== plan.bits,
  };
}

/**
 * What each target can hold, and how an audio file is fitted into it: pure rules over what the source is,
 * what was asked for and what the encoder supports. Every change that nobody asked for becomes a warning.
 */
import { MillpondError } from '../../errors.ts';
import type { BlockKind } from '../block.ts';
import type { AudioInfo } from './audio-info.ts';
import { fitBitRate } from './bit-rates.ts';
import { defaultLayout, type Layout, layoutName, mustMix } from './channels.ts';

export type TargetName = 'flac' | 'wav' | 'mp3' | 'opus' | 'ogg' | 'm4a';

export type Bits = 16 | 24 | 32;

export interface TargetSettings {
  /** What to make, whatever the output is called. */
  readonly to: TargetName;
  /** Hz, 1000 to 655350. Default: the source's, or the nearest the target has. */
  readonly rate?: number;
  /** 1 to 8. Default: the source's, or as many as the target has. */
  readonly channels?: number;
  /**
   * Integer depth for `flac` and `wav`. Default: the source's; 24 for FLAC and 32-bit float for WAV of a
   * float source.
   */
  readonly bits?: Bits;
  /**
   * Bits per second, 1000 to 10000000, for lossy targets. What the codec cannot do at the output's rate and
   * channels becomes the nearest that it can, with a warning. Default: the encoder's own.
   */
  readonly bitrate?: number;
}

interface TargetRequest extends TargetSettings {
  /** Kernels will change samples, so they must be floats. */
  readonly processed?: boolean;
}

export interface TargetPlan {
  readonly to: TargetName;
  readonly sampleRate: number;
  readonly layout: Layout;
  /** What blocks hold between decoder and encoder. */
  readonly kind: BlockKind;
  /** FFmpeg's name of the encoder. */
  readonly encoder: string;
  /** FFmpeg's name of the muxer. */
  readonly muxer: string;
  readonly lossless: boolean;
  /** Bits of an integer sample in a lossless target; `null` for floats and lossy targets. */
  readonly bits: number | null;
  /** Bits per second; `null` for the encoder's own. */
  readonly bitrate: number | null;
  /** Of Vorbis, where it has no bit rates and one was asked for: -1 to 10. */
  readonly quality: number | null;
  readonly warnings: readonly string[];
}

const USUAL_BIT_RATE = { bitrate: null, quality: null, warning: null };

interface Target {
  readonly muxer: string;
  readonly encoder: string;
  readonly lossless: boolean;
  /** Hz, ascending; `null` where any rate up to `maxRate` does. */
  readonly rates: readonly number[] | null;
  readonly maxRate: number;
  readonly maxChannels: number;
  /** True where each count of channels has one layout. */
  readonly usualLayouts: boolean;
  /** Hz that its decoders give, whatever went in; `null` where they give what went in. */
  readonly decodedRate: number | null;
}

const MPEG_RATES = [8000, 11_025, 12_000, 16_000, 22_050, 24_000, 32_000, 44_100, 48_000];
const AAC_RATES = [7350, ...MPEG_RATES, 64_000, 88_200, 96_000];

export const TARGETS: Readonly<Record<TargetName, Target>> = {
  wav: {
    muxer: 'wav',
    encoder: 'pcm',
    lossless: true,
    rates: null,
    maxRate: 1_000_000,
    maxChannels: 8,
    usualLayouts: false,
    decodedRate: null,
  },
  flac: {
    muxer: 'flac',
    encoder: 'flac',
    lossless: true,
    rates: null,
    maxRate: 655_350,
    maxChannels: 8,
    usualLayouts: false,
    decodedRate: null,
  },
  mp3: {
    muxer: 'mp3',
    encoder: 'libmp3lame',
    lossless: false,
    rates: MPEG_RATES,
    maxRate: 48_000,
    maxChannels: 2,
    usualLayouts: true,
    decodedRate: null,
  },
  opus: {
    muxer: 'opus',
    encoder: 'libopus',
    lossless: false,
    rates: [8000, 12_000, 16_000, 24_000, 48_000],
    maxRate: 48_000,
    maxChannels: 8,
    usualLayouts: true,
    decodedRate: 48_000,
  },
  ogg: {
    muxer: 'ogg',
    encoder: 'libvorbis',
    lossless: false,
    rates: null,
    maxRate: 200_000,
    maxChannels: 8,
    usualLayouts: true,
    decodedRate: null,
  },
  m4a: {
    muxer: 'ipod',
    encoder: 'aac',
    lossless: false,
    rates: AAC_RATES,
    maxRate: 96_000,
    maxChannels: 8,
    usualLayouts: false,
    decodedRate: null,
  },
};

/** Float32 carries whole numbers of so many bits exactly. */
const EXACT_BITS = 24;

/**
 * Fits an audio file into a target.
 * @throws MillpondError `ERR_INVALID_ARGUMENT` for a request outside its documented range
 */
export function planTarget(source: AudioInfo, request: TargetRequest): TargetPlan {
  const target = TARGETS[request.to];
  if (target === undefined) {
    throw invalid(`A target is one of ${Object.keys(TARGETS).join(', ')}`, request.to, 'Choose one of them.');
  }
  validate(request);
  const warnings: string[] = [];
  const sampleRate = fitRate(target, request, source.sampleRate, warnings);
  const layout = fitChannels(target, request, source.layout, warnings);
  const altered =
    sampleRate !== source.sampleRate || mustMix(source.layout, layout) || request.processed === true;
  const { kind, encoder, bits } = target.lossless
    ? fitDepth(request, source, altered, warnings)
    : { kind: 'f32' as const, encoder: target.encoder, bits: null };
  if (!target.lossless && request.bits !== undefined) {
    warnings.push(`${request.to} has no bit depth: ${request.bits} bits were not applied.`);
  }
  if (target.lossless && request.bitrate !== undefined) {
    warnings.push(`${request.to} is lossless: a bit rate of ${request.bitrate} was not applied.`);
  }
  const { to } = request;
  const { bitrate, quality, warning } =
    request.bitrate === undefined
      ? USUAL_BIT_RATE
      : fitBitRate(to, { sampleRate, channels: layout.nbChannels }, request.bitrate);
  if (warning !== null) warnings.push(warning);
  const { muxer, lossless } = target;
  return { to, sampleRate, layout, kind, encoder, muxer, lossless, bits, bitrate, quality, warnings };
}

function validate({ rate, channels, bits, bitrate }: TargetRequest): void {
  const whole = (value: number | undefined, least: number, most: number) =>
    value === undefined || (Number.isInteger(value) && value >= least && value <= most);
  if (!whole(rate, 1000, 655_350)) throw invalid('A sample rate is 1000 to 655350 Hz', rate, 'Try 48000.');
  if (!whole(channels, 1, 8)) throw invalid('An audio file has 1 to 8 channels', channels, 'Try 2.');
  if (![undefined, 16, 24, 32].includes(bits)) throw invalid('A depth is 16, 24 or 32 bits', bits, 'Try 24.');
  if (!whole(bitrate, 1000, 10_000_000)) {
    throw invalid(
      'A bit rate is 1000 to 10000000 bits per second',
      bitrate,
      'Try 192000, or 192k on the command line.',
    );
  }
}

function invalid(rule: string, value: unknown, remedy: string): MillpondError {
  return new MillpondError('ERR_INVALID_ARGUMENT', `${rule}, got ${String(value)}. ${remedy}`);
}

/** The nearest rate that cuts nothing off; the highest there is, where the source has more. */
function fitRate(target: Target, request: TargetRequest, sourceRate: number, warnings: string[]): number {
  const wanted = request.rate ?? sourceRate;
  const fitting =
    target.rates === null
      ? Math.min(wanted, target.maxRate)
      : (target.rates.find((rate) => rate >= wanted) ?? target.maxRate);
  if (fitting !== wanted)
    warnings.push(`${request.to} does not have ${wanted} Hz: resampled to ${fitting} Hz.`);
  return fitting;
}

function fitChannels(target: Target, request: TargetRequest, source: Layout, warnings: string[]): Layout {
  const wanted = request.channels ?? source.nbChannels;
  const fitting = Math.min(wanted, target.maxChannels);
  if (fitting < wanted) {
    warnings.push(
      `${request.to} holds ${target.maxChannels} channels at most: mixed ${wanted} down to ${fitting}.`,
    );
  }
  if (fitting === source.nbChannels && !target.usualLayouts) return source;
  const layout = defaultLayout(fitting);
  if (request.channels === undefined && fitting === wanted && mustMix(source, layout)) {
    warnings.push(
      `${request.to} has no layout ${layoutName(source)}: its channels were mixed into ${layoutName(layout)}.`,
    );
  }
  return layout;
}

function fitDepth(
  request: TargetRequest,
  source: AudioInfo,
  altered: boolean,
  warnings: string[],
): { kind: BlockKind; encoder: string; bits: number | null } {
  const { type, bits: sourceBits } = source.depth;
  const wav = request.to === 'wav';
  if (type === 'float' && sourceBits > 32) warnings.push('64-bit floats were rounded to 32 bits.');
  if (type === 'float' && wav && request.bits === undefined)
    return { kind: 'f32', encoder: 'pcm_f32le', bits: null };

  const natural = type === 'float' ? EXACT_BITS : sourceBits;
  const bits = request.bits ?? storedBits(natural, wav);
  const floats = type === 'integer' && natural > EXACT_BITS && bits === 32 && altered;
  if (type === 'integer' && bits < natural && !floats) {
    warnings.push(`Samples of ${natural} bits were rounded to ${bits}.`);
  }
  // Float32 would round what has more than 24 bits, so such samples travel as whole numbers.
  const whole = type === 'integer' && natural > EXACT_BITS && bits === 32 && !altered;
  if (floats) {
    warnings.push(`Samples of ${natural} bits were processed as floats and keep ${EXACT_BITS} of them.`);
  }
  if (type === 'float' && source.lossless && bits < 32) {
    warnings.push(`Samples of 32-bit floats became ${bits}-bit integers.`);
  }
  if (!wav && bits === 32 && request.bits === undefined) {
    warnings.push('FLAC of 32 bits is read by few players yet; 24 bits (--bits 24) are read by all.');
  }
  const encoder = wav ? { 8: 'pcm_u8', 16: 'pcm_s16le', 24: 'pcm_s24le', 32: 'pcm_s32le' }[bits]! : 'flac';
  return { kind: whole ? 's32' : 'f32', encoder, bits };
}

/** The smallest depth of the target that holds so many bits. FLAC's encoder begins at 16. */
function storedBits(bits: number, wav: boolean): 8 | Bits {
  if (bits <= 8 && wav) return 8;
  if (bits <= 16) return 16;
  return bits <= 24 ? 24 : 32;
}

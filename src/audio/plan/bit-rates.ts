/**
 * Which bit rates each codec can do at a sample rate and a number of channels: one table, measured on
 * FFmpeg's encoders (docs/decisions/037). Asked for another, LAME and AAC take the nearest without a word,
 * Vorbis and Opus refuse. Pure.
 */
interface FittedBitRate {
  /** Bits per second; null where the encoder has none, or its own is as good. */
  readonly bitrate: number | null;
  /** Of Vorbis, -1 to 10, where it has no bit rates. */
  readonly quality: number | null;
  /** Set where it is not what was asked for. */
  readonly warning: string | null;
}

/** What an encoder can do: some bit rates, all from one to another, or qualities in their place. */
type Possible =
  | { readonly kind: 'list'; readonly bitrates: readonly number[] }
  | { readonly kind: 'range'; readonly least: number; readonly most: number }
  /** Bits per second at the qualities -1, 0, 1 and on, or at some of them. */
  | {
      readonly kind: 'qualities';
      readonly bitrates: readonly number[];
      readonly qualities: readonly number[];
    };

/**
 * The nearest that is possible; of two the lower, which LAME would take, too.
 * @param to name of the target; one that has no bit rates gets none
 */
export function fitBitRate(
  to: string,
  { sampleRate, channels }: { readonly sampleRate: number; readonly channels: number },
  wanted: number,
): FittedBitRate {
  const possible = POSSIBLE[to]?.(sampleRate, channels);
  if (possible === undefined) return { bitrate: null, quality: null, warning: null };
  const at = `at ${sampleRate} Hz and ${channels} ${channels === 1 ? 'channel' : 'channels'}`;
  if (possible.kind === 'qualities') {
    const quality = qualityFor(possible, wanted);
    const warning = `${to} has no bit rates ${at}: quality ${quality} stands for ${wanted} bit/s.`;
    return { bitrate: null, quality, warning };
  }
  const bitrate = nearest(possible, wanted);
  const warning = `${to} does not have ${wanted} bit/s ${at}: ${bitrate} bit/s were used.`;
  return { bitrate, quality: null, warning: bitrate === wanted ? null : warning };
}

/** Bits per second that the encoder of a lossy target makes at the most, whatever it is asked for. */
export function mostBitRate(to: string, sampleRate: number, channels: number): number {
  // A frame of Opus has 1275 bytes at the most, in each stream, and lasts 20 ms.
  if (to === 'opus') return 1275 * 8 * 50 * OPUS_STREAMS[channels];
  const possible = POSSIBLE[to](sampleRate, channels);
  if (possible.kind === 'list') return Math.max(...possible.bitrates);
  // Vorbis has none: what it makes of noise at its highest quality is less than this.
  const most = possible.kind === 'range' ? possible.most : Math.max(...possible.bitrates);
  return to === 'ogg' ? 2 * most : most;
}

function nearest(possible: Exclude<Possible, { kind: 'qualities' }>, wanted: number): number {
  if (possible.kind === 'range') return Math.min(possible.most, Math.max(possible.least, wanted));
  return possible.bitrates.reduce((best, bitrate) =>
    Math.abs(bitrate - wanted) < Math.abs(best - wanted) ? bitrate : best,
  );
}

/** Between the two qualities whose bit rates it lies between, to the hundredth. */
function qualityFor(
  { bitrates, qualities }: Extract<Possible, { kind: 'qualities' }>,
  wanted: number,
): number {
  const above = bitrates.findIndex((bitrate) => bitrate >= wanted);
  if (above === 0) return qualities[0];
  if (above < 0) return qualities[qualities.length - 1];
  const [low, high] = [bitrates[above - 1], bitrates[above]];
  const share = (wanted - low) / (high - low);
  const quality = qualities[above - 1] + share * (qualities[above] - qualities[above - 1]);
  return Math.round(quality * 100) / 100;
}

/** By the name of the target. */
const POSSIBLE: Readonly<Record<string, (sampleRate: number, channels: number) => Possible>> = {
  mp3: (sampleRate) => ({ kind: 'list', bitrates: mp3BitRates(sampleRate).map((kbits) => kbits * 1000) }),
  m4a: (sampleRate, channels) => ({
    kind: 'range',
    // Below it FFmpeg's encoder makes as much as before, of noise and of tones.
    least: 1000 * Math.round(aacLeastKbits(sampleRate) * (channels + 0.75)),
    // A frame of 1024 samples holds 6144 bits for each channel.
    most: (6144 / 1024) * sampleRate * channels,
  }),
  opus: (_sampleRate, channels) => ({
    kind: 'range',
    // A stream of it does 6 to 510 kbit/s; FFmpeg refuses more than 256 for each channel.
    least: 6000 * OPUS_STREAMS[channels],
    most: Math.min(510_000 * OPUS_STREAMS[channels], 256_000 * channels),
  }),
  ogg: vorbisBitRates,
};

/** MPEG-1, MPEG-2 and MPEG-2.5, which have the rates from 32, 16 and 8 kHz on. */
function mp3BitRates(sampleRate: number): readonly number[] {
  if (sampleRate >= 32_000) return [32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320];
  if (sampleRate >= 16_000) return [8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160];
  return [8, 16, 24, 32, 40, 48, 56, 64];
}

/** For each channel, and three quarters of it more for the first. */
function aacLeastKbits(sampleRate: number): number {
  if (sampleRate <= 12_000) return 5;
  if (sampleRate <= 24_000) return 7;
  return sampleRate <= 48_000 ? 9.5 : 12.5;
}

/** Pairs of channels share one, by the number of channels (RFC 7845, mapping family 1). */
const OPUS_STREAMS = [0, 1, 1, 2, 2, 3, 4, 4, 5];

/** A range of rates for which libvorbis is tuned, with the bits per second of one channel, least and most. */
interface VorbisMode {
  /** Hz, both included. */
  readonly from: number;
  readonly to: number;
  readonly pair: readonly [least: number, most: number];
  readonly each: readonly [least: number, most: number];
}

/** `pair` is what two channels that are coded together can do, each; where modes meet, both serve. */
const VORBIS_MODES: readonly VorbisMode[] = [
  { from: 8000, to: 9000, pair: [6000, 42_000], each: [8000, 42_000] },
  { from: 9000, to: 15_000, pair: [8000, 50_000], each: [12_000, 50_000] },
  { from: 15_000, to: 19_000, pair: [12_000, 100_000], each: [16_000, 100_000] },
  { from: 19_000, to: 26_000, pair: [15_000, 90_000], each: [16_000, 90_000] },
  { from: 26_000, to: 40_000, pair: [18_000, 190_000], each: [30_000, 190_000] },
  { from: 40_000, to: 50_000, pair: [22_500, 250_001], each: [32_000, 240_001] },
];

/** Six channels, which have a mode of their own. */
const VORBIS_SURROUND = { from: 40_000, to: 70_000, each: [14_000, 240_001] as const };

/** Bits per second of one channel at the qualities -1 to 10, at 44.1 kHz. */
const VORBIS_PAIR = [
  22_500, 32_000, 40_000, 48_000, 56_000, 64_000, 80_000, 96_000, 112_000, 128_000, 160_000, 250_001,
];
const VORBIS_EACH = [
  32_000, 48_000, 60_000, 70_000, 80_000, 86_000, 96_000, 110_000, 120_000, 140_000, 160_000, 240_001,
];
const VORBIS_QUALITIES = [-1, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10];
/** The same at 8 kHz, where libvorbis has three points only. Below, it shrinks with the rate. */
const VORBIS_SLOW_QUALITIES = [-1, 0, 10];
const VORBIS_SLOW_PAIR = [6000, 9000, 42_000];
const VORBIS_SLOW_EACH = [8000, 14_000, 42_000];
const VORBIS_SLOWEST = 8000;

function vorbisBitRates(sampleRate: number, channels: number): Possible {
  const { from, to, each } = VORBIS_SURROUND;
  const ranges = VORBIS_MODES.filter((mode) => sampleRate >= mode.from && sampleRate <= mode.to).map(
    (mode) => (channels === 2 ? mode.pair : mode.each),
  );
  if (channels === 6 && sampleRate >= from && sampleRate <= to) ranges.push(each);
  if (ranges.length > 0) {
    return {
      kind: 'range',
      least: channels * Math.min(...ranges.map(([least]) => least)),
      most: channels * Math.max(...ranges.map(([, most]) => most)),
    };
  }
  const slow = sampleRate < VORBIS_SLOWEST;
  const perChannel =
    channels === 2 ? (slow ? VORBIS_SLOW_PAIR : VORBIS_PAIR) : slow ? VORBIS_SLOW_EACH : VORBIS_EACH;
  const scale = channels * (slow ? sampleRate / VORBIS_SLOWEST : 1);
  return {
    kind: 'qualities',
    bitrates: perChannel.map((bitrate) => bitrate * scale),
    qualities: slow ? VORBIS_SLOW_QUALITIES : VORBIS_QUALITIES,
  };
}

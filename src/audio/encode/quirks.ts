/** Where encoders and muxers of FFmpeg need other treatment than the rest: one table of each. */
import {
  AV_SAMPLE_FMT_S16,
  AV_SAMPLE_FMT_S32,
  type AVSampleFormat,
  FF_COMPLIANCE_EXPERIMENTAL,
} from 'node-av/constants';
import type { TargetPlan } from '../plan/targets.ts';

export interface EncoderQuirks {
  /** Options with whole numbers as values, to be set before it opens. */
  readonly options?: (plan: TargetPlan) => Readonly<Record<string, number>> | null;
  /** What it gets, where its own list of sample formats would mislead. */
  readonly sampleFormat?: (plan: TargetPlan) => AVSampleFormat;
  /** Packets after which the container begins a new page. */
  readonly pageBreak?: number;
  /** Its last packet knows only of its own padding, and has to be told all of it. */
  readonly understatesPadding?: true;
  /** Its context is so large that the next one takes its place at once. */
  readonly largeContext?: true;
}

/** By FFmpeg's name of the encoder. */
const ENCODERS: Readonly<Record<string, EncoderQuirks>> = {
  flac: {
    // FFmpeg calls 32-bit FLAC experimental because few players know it; it decodes exactly.
    options: ({ bits }) => (bits === 32 ? { strict: FF_COMPLIANCE_EXPERIMENTAL } : null),
    // 16-bit storage only for 16 bits: the first of its list would lose what has more.
    sampleFormat: ({ bits }) => (bits === 16 ? AV_SAMPLE_FMT_S16 : AV_SAMPLE_FMT_S32),
    // 7 MiB of zeroed memory for each file. Other allocations would take parts of a hole of this size, and
    // the next file would have to fault in new pages (5 ms instead of 0.6): so the hole is filled again at
    // once.
    largeContext: true,
  },
  // The MP3 muxer takes the padding from the last packet. Where it is longer than one packet (one file in
  // 25), the file would decode to up to 46 frames too many.
  libmp3lame: { understatesPadding: true },
  libopus: {
    // FFmpeg's own channel map mixes up 5 and 7 channels; libopus' surround mode keeps all in place.
    options: ({ layout }) => (layout.nbChannels > 2 ? { mapping_family: 1 } : null),
  },
  // FFmpeg's decoder miscounts Vorbis whose sound is all in one page, so another begins after two packets.
  libvorbis: { pageBreak: 2 },
};

/** By FFmpeg's name of the muxer: options with names as values, to be set before the header is written. */
const MUXER_OPTIONS: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  // Room for the sizes of an RF64 header, which is written where a WAV's own would not hold more than 4 GiB.
  wav: { rf64: 'auto' },
};

export function quirksOf(encoder: string): EncoderQuirks {
  return ENCODERS[encoder] ?? {};
}

export function muxerOptions(muxer: string): Readonly<Record<string, string>> {
  return MUXER_OPTIONS[muxer] ?? {};
}

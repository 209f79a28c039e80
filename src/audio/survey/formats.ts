/**
 * The formats and codecs that are read, by FFmpeg's names. What is not here never runs on a file: most of
 * FFmpeg's 300 demuxers and 500 decoders are for files that nobody has but attackers. docs/formats.md says of
 * each one here whose files it is for.
 */

/** Formats that their first bytes name beyond doubt. */
const MARKED = [
  ...(['wav', 'w64', 'aiff', 'caf', 'au', 'flac', 'ogg', 'mov', 'matroska', 'asf', 'avi'] as const),
  ...(['wv', 'ape', 'tta', 'tak', 'mpc', 'mpc8', 'amr', 'dsf'] as const),
] as const;

/** Formats without a beginning: a row of frames or packets, which FFmpeg tells apart by their first few. */
export const UNMARKED = ['mp3', 'aac', 'ac3', 'eac3', 'dts', 'truehd', 'mpegts', 'mpeg'] as const;

export type UnmarkedName = (typeof UNMARKED)[number];

export type FormatName = (typeof MARKED)[number] | UnmarkedName;

/** No playlists, and none that asks for other files (docs/decisions/024). */
export const FORMATS: readonly FormatName[] = [...MARKED, ...UNMARKED];

/** Names of decoders, not of codecs: FFmpeg has several for some. */
export const DECODERS: readonly string[] = [
  ...['pcm_u8', 'pcm_s8', 'pcm_alaw', 'pcm_mulaw', 'pcm_bluray', 'pcm_dvd'],
  ...['s16', 's24', 's32', 's64', 'f32', 'f64'].flatMap((kind) => [`pcm_${kind}le`, `pcm_${kind}be`]),
  ...['flac', 'alac', 'wavpack', 'ape', 'tta', 'tak', 'wmalossless', 'truehd'],
  ...['mp1', 'mp2', 'mp3float', 'aac', 'aac_latm', 'vorbis', 'mpc7', 'mpc8'],
  ...['libopus', 'opus'],
  ...['wmav1', 'wmav2', 'wmapro', 'wmavoice', 'ac3', 'eac3', 'dca'],
  ...['speex', 'amrnb', 'amrwb', 'gsm_ms', 'g726', 'adpcm_ms', 'adpcm_ima_wav', 'adpcm_ima_qt'],
  ...['dsd_lsbf', 'dsd_msbf', 'dsd_lsbf_planar', 'dsd_msbf_planar'],
];

interface Signature {
  readonly format: FormatName;
  readonly bytes: string;
  /** Position of `bytes`: 0 by default. */
  readonly at?: number;
  /** What comes behind a length of four bytes. */
  readonly kind?: string;
}

const BOXES = ['ftyp', 'styp', 'moov', 'moof', 'mdat', 'wide', 'free', 'skip', 'pnot', 'uuid', 'sidx'];

/** `bytes` and `kind` as one character each byte. */
const SIGNATURES: readonly Signature[] = [
  ...['RIFF', 'RIFX', 'RF64', 'BW64'].map((bytes) => ({ format: 'wav' as const, bytes, kind: 'WAVE' })),
  { format: 'avi', bytes: 'RIFF', kind: 'AVI ' },
  ...['AIFF', 'AIFC'].map((kind) => ({ format: 'aiff' as const, bytes: 'FORM', kind })),
  { format: 'flac', bytes: 'fLaC' },
  { format: 'ogg', bytes: 'OggS' },
  { format: 'w64', bytes: 'riff\x2e\x91\xcf\x11\xa5\xd6\x28\xdb\x04\xc1\x00\x00' },
  { format: 'caf', bytes: 'caff' },
  { format: 'au', bytes: '.snd' },
  { format: 'matroska', bytes: '\x1a\x45\xdf\xa3' },
  { format: 'asf', bytes: '\x30\x26\xb2\x75\x8e\x66\xcf\x11\xa6\xd9\x00\xaa\x00\x62\xce\x6c' },
  ...BOXES.map((bytes) => ({ format: 'mov' as const, bytes, at: 4 })),
  { format: 'wv', bytes: 'wvpk' },
  { format: 'ape', bytes: 'MAC ' },
  { format: 'tta', bytes: 'TTA1' },
  { format: 'tak', bytes: 'tBaK' },
  { format: 'mpc', bytes: 'MP+' },
  { format: 'mpc8', bytes: 'MPCK' },
  { format: 'amr', bytes: '#!AMR' },
  { format: 'dsf', bytes: 'DSD ' },
];

/** @returns the format that begins with these bytes; `null` where they do not say */
export function formatOf(head: Buffer): FormatName | null {
  const text = head.toString('latin1');
  const found = SIGNATURES.find(
    ({ bytes, at = 0, kind = '' }) => text.startsWith(bytes, at) && text.startsWith(kind, 8),
  );
  return found?.format ?? null;
}

/** What the parts of the probe tell of a body. Types, and what several of them say alike. */

/**
 * Of what kind a body is, by its container, and where decoders of very different cost go with it by its
 * codec. A closed list: it names what speeds are learnt for, and series of metrics.
 */
export type Family =
  | ('wav' | 'w64' | 'aiff' | 'caf' | 'au' | 'flac' | 'ogg-vorbis' | 'opus' | 'ogg-flac' | 'speex' | 'ogg')
  | ('m4a' | 'alac' | 'mov' | 'matroska' | 'asf' | 'avi' | 'wv' | 'ape' | 'tta' | 'tak' | 'mpc' | 'mpc8')
  | ('amr' | 'dsf' | 'mp3' | 'mp2' | 'aac' | 'ac3' | 'eac3' | 'dts' | 'truehd' | 'mpegts' | 'mpeg')
  | 'unknown';

/** `null` for what the body does not say, or not where a probe looks. */
export interface Probed {
  readonly family: Family;
  /** Of sound: as announced, or counted. What a hostile body announces is in it too. */
  readonly seconds: number | null;
  /** Of sound, where the header says it to the frame; a body that is damaged, or lies, has others. */
  readonly frames: number | null;
  /** Hz. */
  readonly rate: number | null;
  readonly channels: number | null;
  /** Of a sample; `null` also for sound with loss. */
  readonly bits: number | null;
  readonly lossless: boolean;
}

/** As found, before anybody looked whether it can be: 0, `NaN` and absent ones become `null`. */
export interface Told {
  readonly family?: Family;
  readonly seconds?: number;
  readonly frames?: number;
  readonly rate?: number;
  readonly channels?: number;
  readonly bits?: number;
  readonly lossless?: boolean;
}

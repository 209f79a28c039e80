/** What a header says of the sound behind it. */

/** Where the sound of a file lies, by its header. */
export interface Sound {
  readonly start: number;
  /** As claimed; `null` where the header was written before anybody knew, as into a pipe. */
  readonly bytes: number | null;
  /** Of plain samples that the header describes; `null` for others. */
  readonly form: PcmForm | null;
  /** FFmpeg refuses the file for the lengths in it: it has to get these samples alone. */
  readonly alone: boolean;
}

/** How plain samples are stored. */
export interface PcmForm {
  /** Bytes of a frame. */
  readonly frameBytes: number;
  /** Bytes of a sample. */
  readonly sampleBytes: number;
  /** The upper bits of a sample that count, by the header. */
  readonly bits: number;
  /** FFmpeg's decoder for them, and whether FFmpeg would take a wrong one. */
  readonly codec: string;
  readonly mistaken: boolean;
  /** Hz. */
  readonly rate: number;
  readonly channels: number;
  /** Of the speakers; 0 where the header does not name them. */
  readonly mask: number;
}

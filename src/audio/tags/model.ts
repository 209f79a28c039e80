/**
 * What an audio file carries beside its sound: fields, pictures and chapters, in their order and whatever
 * container they come from. Pure data.
 */

/** Bytes that are read where they lie, when they are needed: a picture may be larger than all else. */
export interface TagBytes {
  readonly size: number;
  /** Copies bytes from a position on. @returns how many; fewer than fit only at the end */
  read(target: Uint8Array, position: number): number;
}

/** One value. A field of several values is several of these, with the same key. */
export interface TagField {
  /**
   * The name that Vorbis comments have for it (docs/formats.md), written as in the source where that has
   * such comments: capitals don't count, and `TOTALTRACKS` is `TRACKTOTAL`. A field that the table does not
   * have keeps its own name.
   */
  readonly key: string;
  readonly value: string;
  /** Of comments and lyrics, in three letters of ISO 639-2, where the source says one. */
  readonly language?: string;
  /** What tells several comments or lyrics apart, where the source has it. */
  readonly description?: string;
  /** A chunk of a WAV that says it, and carries over to WAV by itself. */
  readonly chunk?: 'bext' | 'iXML';
}

export interface TagPicture {
  /** As ID3 and FLAC number them: 3 is the front cover, 0 any other. */
  readonly type: number;
  /** Such as `image/jpeg`; `-->` where the bytes are an address. */
  readonly mime: string;
  readonly description: string;
  readonly bytes: TagBytes;
  /** Pixels, bits of a pixel and colours of a palette, where the source says; 0 for what it does not. */
  readonly form?: PictureForm;
}

interface PictureForm {
  readonly width: number;
  readonly height: number;
  readonly depth: number;
  readonly colours: number;
}

export interface TagChapter {
  /** Milliseconds from the beginning of the sound, not always whole. */
  readonly startMs: number;
  /** `null` where the source does not say: it lasts until the next one begins, or the sound ends. */
  readonly endMs: number | null;
  /** May be empty. */
  readonly title: string;
}

/** What only tags of its own family can hold, as the bytes of its body: kept there, a note elsewhere. */
export interface NativeTag {
  readonly family: 'id3' | 'flac';
  /** A frame of ID3v2.4 such as `POPM`, or a block of FLAC: `CUESHEET` or `APPLICATION`. */
  readonly name: string;
  readonly bytes: TagBytes;
}

export interface AudioTags {
  readonly fields: readonly TagField[];
  readonly pictures: readonly TagPicture[];
  /** By the time they begin. */
  readonly chapters: readonly TagChapter[];
  readonly natives: readonly NativeTag[];
}

export const NO_TAGS: AudioTags = { fields: [], pictures: [], chapters: [], natives: [] };

export const NO_BYTES: TagBytes = { size: 0, read: () => 0 };

export function isEmpty({ fields, pictures, chapters, natives }: AudioTags): boolean {
  return fields.length + pictures.length + chapters.length + natives.length === 0;
}

/** Bytes that lie in memory. */
export function bytesInMemory(bytes: Uint8Array): TagBytes {
  return {
    size: bytes.length,
    read(target, position) {
      const piece = bytes.subarray(position, position + target.length);
      target.set(piece);
      return piece.length;
    },
  };
}

/** WAV, RF64, BW64 and RIFX. */
import { isStream } from '../sources/source.ts';
import { Chapters } from './chapters.ts';
import { type Chunk, type ChunkFormat, type ChunkSurvey, evenBehind, surveyChunks } from './chunks.ts';
import { countId3 } from './id3v2.ts';
import { pcmForm } from './pcm-form.ts';
import { countInfo } from './riff-info.ts';
import type { PcmForm, Sound } from './sound.ts';
import { TagList, type TagWork } from './tag-work.ts';
import type { Window } from './window.ts';

const LARGE: ReadonlySet<string> = new Set(['RF64', 'BW64']);
const LARGE_SOUND_AT = 28;
const FORM_HEAD_BYTES = 8;
const KIND_BYTES = 4;

/** Lengths that programs write into a pipe: none, or about the most there is with or without a sign. */
const OPEN_LENGTHS: readonly (readonly [least: number, most: number])[] = [
  [0x7fff_0000, 0x8000_0000],
  [0xffff_0000, 0xffff_ffff],
];

export function surveyWav(window: Window, work: TagWork): ChunkSurvey {
  return surveyChunks(window, new WavFormat(window, work), work);
}

class WavFormat implements ChunkFormat {
  readonly headBytes = 8;
  readonly first = 12;
  readonly soundId = 'data';
  readonly looksInside: boolean;
  readonly reads: ChunkFormat['reads'];
  readonly #window: Window;
  readonly #bigEndian: boolean;
  readonly #large: boolean;
  /** Of the whole file, as claimed. */
  readonly #bytes: number;
  #form: PcmForm | null = null;

  constructor(window: Window, work: TagWork) {
    this.#window = window;
    const id = window.text(0, 4);
    this.#bigEndian = id === 'RIFX';
    this.#large = LARGE.has(id);
    this.looksInside = this.#large;
    this.#bytes = FORM_HEAD_BYTES + this.#number(window.view(0, FORM_HEAD_BYTES), 4);
    const tags = new TagList(work);
    const chapters = new Chapters(window, work);
    const list = (chunk: Chunk) => {
      const kind = window.text(chunk.body, KIND_BYTES);
      const end = chunk.body + chunk.bytes;
      if (kind === 'INFO') countInfo(window, chunk.body + KIND_BYTES, end, work, tags);
      if (kind === 'adtl') chapters.countNames(chunk);
    };
    const id3 = ({ body }: Chunk) => countId3(window, body, work, tags);
    this.reads = {
      'fmt ': ({ body, bytes }) => {
        work.addSetUp(bytes);
        this.#form ??= pcmForm(window, body, bytes, this.#bigEndian);
      },
      XMA2: ({ bytes }) => work.addSetUp(bytes),
      bext: ({ bytes }) => work.addText(bytes),
      // Read here only.
      iXML() {},
      'cue ': (chunk) => chapters.countCues(chunk),
      ...{ LIST: list, list, 'ID3 ': id3, 'id3 ': id3 },
    };
  }

  parse(head: Buffer) {
    const id = head.toString('latin1', 0, 4);
    const large = this.#large && id === this.soundId;
    return { id, bytes: large ? this.#largeSound() : this.#number(head, 4) };
  }

  behind(chunk: Chunk): number {
    // FFmpeg forgets the padding of the first chunk where that has the lengths.
    if (this.#large && chunk.body === this.first + this.headBytes) return chunk.body + chunk.bytes;
    const next = evenBehind(chunk);
    return next + (next % 2);
  }

  soundIn({ body, bytes }: Chunk): Sound {
    return { start: body, bytes: this.#isOpen(body, bytes) ? null : bytes, form: this.#form, alone: false };
  }

  #isOpen(body: number, bytes: number): boolean {
    const { size } = this.#window.source;
    // There are empty files, with chunks behind their sound. Their length is right.
    if (bytes === 0) return Math.abs(this.#bytes - size) > 1;
    // Of a stream it is never known whether there is so much.
    const claims = (body + bytes > size || isStream(this.#window.source)) && !this.#large;
    return claims && OPEN_LENGTHS.some(([least, most]) => bytes >= least && bytes <= most);
  }

  #largeSound(): number {
    const bytes = this.#window.view(LARGE_SOUND_AT, 8);
    return bytes.length < 8 ? 0 : Number(bytes.readBigUInt64LE());
  }

  #number(bytes: Buffer, at: number): number {
    if (at + 4 > bytes.length) return 0;
    return this.#bigEndian ? bytes.readUInt32BE(at) : bytes.readUInt32LE(at);
  }
}

/** AIFF and AIFF-C. */
import { type Chunk, type ChunkFormat, type ChunkSurvey, evenBehind, surveyChunks } from './chunks.ts';
import { countId3 } from './id3v2.ts';
import type { PcmForm, Sound } from './sound.ts';
import { TagList, type TagWork } from './tag-work.ts';
import type { Window } from './window.ts';

/** Before the samples: where they begin, and a size of blocks. */
const SOUND_HEAD_BYTES = 8;
/** Data of a program, of a game console's: FFmpeg allocates what they claim, and loses its place behind. */
const CODES = 'stoc';
/** Of the file, from a program that could not know. */
const NO_LENGTH = '\0\0\0\0';
/** Channels, frames, bits, and a rate of ten bytes; in AIFF-C the compression comes behind. */
const FORM_BYTES = 18;
/** Of the bytes of a sample, by the compression that is none. */
const ORDERS: Readonly<Record<string, string>> = { '': 'be', NONE: 'be', twos: 'be', sowt: 'le' };
/** What SoX writes into a pipe, and the most there is with and without a sign. */
const OPEN_BYTES: readonly (readonly [least: number, most: number])[] = [
  [0x7f00_0000, 0x8000_0000],
  [0xffff_0000, 0xffff_ffff],
];

export function surveyAiff(window: Window, work: TagWork): ChunkSurvey {
  return surveyChunks(window, new AiffFormat(window, work), work);
}

class AiffFormat implements ChunkFormat {
  readonly headBytes = 8;
  readonly first = 12;
  readonly soundId = 'SSND';
  readonly reads: ChunkFormat['reads'];
  readonly #window: Window;
  #form: PcmForm | null = null;

  constructor(window: Window, work: TagWork) {
    this.#window = window;
    const tags = new TagList(work);
    const text = ({ bytes }: Chunk) => work.addText(bytes);
    const setUp = ({ bytes }: Chunk) => work.addSetUp(bytes);
    this.reads = {
      ...{ NAME: text, AUTH: text, '(c) ': text, ANNO: text },
      ...{ wave: setUp, CHAN: setUp },
      COMM: (chunk) => {
        work.addSetUp(chunk.bytes);
        this.#form = formIn(window, chunk);
      },
      APPL: ({ body }) => {
        if (window.text(body, CODES.length) === CODES) work.giveUp('"APPL" holds codes of a game console');
      },
      'ID3 ': ({ body }) => countId3(window, body, work, tags),
    };
  }

  parse(head: Buffer) {
    return { id: head.toString('latin1', 0, 4), bytes: head.readUInt32BE(4) };
  }

  behind(chunk: Chunk): number {
    const next = evenBehind(chunk);
    // FFmpeg passes over its padding twice.
    return chunk.id === 'COMM' ? next + (chunk.bytes % 2) : next;
  }

  soundIn({ body, bytes }: Chunk): Sound {
    const rest = this.#window.source.size - body;
    const open = bytes > rest && OPEN_BYTES.some(([least, most]) => bytes >= least && bytes <= most);
    const start = body + SOUND_HEAD_BYTES;
    // FFmpeg itself writes no length of the file into a pipe, and then refuses it.
    if (this.#window.text(4, 4) === NO_LENGTH && this.#form !== null) {
      return { start, bytes: null, form: this.#form, alone: true };
    }
    return { start, bytes: open ? null : Math.max(0, bytes - SOUND_HEAD_BYTES), form: null, alone: false };
  }
}

/** Of samples without compression, from the first one on that a program may write into a pipe. */
function formIn(window: Window, { body, bytes }: Chunk): PcmForm | null {
  const head = window.view(body, Math.min(bytes, FORM_BYTES + 4));
  if (head.length < FORM_BYTES) return null;
  const [channels, bits] = [head.readUInt16BE(0), head.readUInt16BE(6)];
  const order = ORDERS[head.toString('latin1', FORM_BYTES)];
  const sampleBytes = Math.ceil(bits / 8);
  if (order === undefined || channels === 0 || sampleBytes < 1 || sampleBytes > 4) return null;
  return {
    ...{ channels, sampleBytes, frameBytes: channels * sampleBytes, bits: sampleBytes * 8 },
    rate: Math.round(Number(head.readBigUInt64BE(10)) * 2 ** (head.readUInt16BE(8) - 16_446)),
    codec: sampleBytes === 1 ? 'pcm_s8' : `pcm_s${sampleBytes * 8}${order}`,
    ...{ mistaken: false, mask: 0 },
  };
}

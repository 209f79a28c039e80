/** AIFF and AIFF-C. */
import { type Chunk, type ChunkFormat, type ChunkSurvey, evenBehind, surveyChunks } from './chunks.ts';
import { countId3 } from './id3v2.ts';
import type { Sound } from './sound.ts';
import { TagList, type TagWork } from './tag-work.ts';
import type { Window } from './window.ts';

/** Before the samples: where they begin, and a size of blocks. */
const SOUND_HEAD_BYTES = 8;
/** Data of a program, of a game console's: FFmpeg allocates what they claim, and loses its place behind. */
const CODES = 'stoc';
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

  constructor(window: Window, work: TagWork) {
    this.#window = window;
    const tags = new TagList(work);
    const text = ({ bytes }: Chunk) => work.addText(bytes);
    const setUp = ({ bytes }: Chunk) => work.addSetUp(bytes);
    this.reads = {
      ...{ NAME: text, AUTH: text, '(c) ': text, ANNO: text },
      ...{ COMM: setUp, wave: setUp, CHAN: setUp },
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
    return { start, bytes: open ? null : Math.max(0, bytes - SOUND_HEAD_BYTES), form: null };
  }
}

/** W64, the WAV of Sony: its chunks have names of 16 bytes and lengths of eight, which count their heads. */
import { type Chunk, type ChunkFormat, type ChunkSurvey, surveyChunks } from './chunks.ts';
import { pcmForm } from './pcm-form.ts';
import type { PcmForm, Sound } from './sound.ts';
import { TagList, type TagWork } from './tag-work.ts';
import type { Window } from './window.ts';

const HEAD_BYTES = 24;
const FORM_BYTES = 40;
const GUID_BYTES = 16;
const NAMES: Readonly<Record<string, string>> = {
  '666d7420f3acd3118cd100c04f8edb8a': 'fmt',
  '64617461f3acd3118cd100c04f8edb8a': 'data',
  '66616374f3acd3118cd100c04f8edb8a': 'fact',
  bc945f925a52d21186dc00c04f8edb8a: 'tags',
};
/** Chunks are padded to a multiple of it. FFmpeg forgets that of the sound. */
const LENGTH_STEP = 8;
/** FFmpeg itself writes about twice as many into a pipe, and then refuses them. */
const MOST_BYTES = 2 ** 62;
const TAG_HEAD_BYTES = 8;

/** @param start of the format, behind ID3 tags */
export function surveyW64(window: Window, work: TagWork, start: number): ChunkSurvey {
  const survey = surveyChunks(window, new W64Format(window, work, start), work);
  const { sound, stop } = survey;
  const end = sound === null ? 0 : sound.start + (sound.bytes ?? 0);
  const padding = window.source.size - end;
  // FFmpeg's muxer counts padding as sound, and so does its demuxer.
  return stop === null && padding > 0 && padding < LENGTH_STEP
    ? { ...survey, stop: { start: end, note: null } }
    : survey;
}

class W64Format implements ChunkFormat {
  readonly headBytes = HEAD_BYTES;
  readonly first: number;
  readonly soundId = 'data';
  readonly reads: ChunkFormat['reads'];
  #form: PcmForm | null = null;
  #frames = 0;

  constructor(window: Window, work: TagWork, start: number) {
    this.first = start + FORM_BYTES;
    this.reads = {
      fmt: ({ body, bytes }) => {
        work.addSetUp(bytes);
        this.#form = pcmForm(window, body, bytes);
      },
      fact: ({ body }) => {
        const frames = window.view(body, 8);
        this.#frames = frames.length < 8 ? 0 : Number(frames.readBigUInt64LE());
      },
      tags: (chunk) => countTags(window, chunk, work),
    };
  }

  parse(head: Buffer) {
    const bytes = Number(head.readBigUInt64LE(GUID_BYTES));
    const id = NAMES[head.toString('hex', 0, GUID_BYTES)] ?? 'other';
    return bytes <= HEAD_BYTES ? null : { id, bytes: bytes - HEAD_BYTES };
  }

  behind({ id, body, bytes }: Chunk): number {
    if (id === this.soundId) return body + bytes;
    return body + Math.ceil(bytes / LENGTH_STEP) * LENGTH_STEP;
  }

  soundIn({ body, bytes }: Chunk): Sound {
    if (bytes > MOST_BYTES) return { start: body, bytes: null, form: this.#form, alone: this.#form !== null };
    const { frameBytes } = this.#form ?? { frameBytes: 1 };
    // Where nobody says how many frames there are, what is less than one is padding.
    const exact = this.#frames * frameBytes || bytes - (bytes % frameBytes);
    const padded = exact < bytes && bytes - exact < LENGTH_STEP && bytes % LENGTH_STEP === 0;
    return { start: body, bytes: padded ? exact : bytes, form: this.#form, alone: false };
  }
}

/** A list of texts in letters of two bytes. */
function countTags(window: Window, { body, bytes }: Chunk, work: TagWork): void {
  const list = new TagList(work);
  const claimed = window.view(body, 4);
  const count = claimed.length < 4 ? 0 : claimed.readUInt32LE();
  let at = body + 4;
  for (let i = 0; i < count && at + TAG_HEAD_BYTES <= body + bytes && !work.excessive; i++) {
    const head = window.view(at, TAG_HEAD_BYTES);
    if (head.length < TAG_HEAD_BYTES) return;
    const textBytes = head.readUInt32LE(4);
    list.add(head.toString('latin1', 0, 4), 4, textBytes);
    work.addText(textBytes);
    at += TAG_HEAD_BYTES + textBytes;
  }
}

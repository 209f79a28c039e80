/** CAF of Apple's. */
import { type Chunk, type ChunkFormat, type ChunkSurvey, surveyChunks } from './chunks.ts';
import type { Sound } from './sound.ts';
import { TagList, type TagWork } from './tag-work.ts';
import type { Window } from './window.ts';

const HEAD_BYTES = 12;
/** Before the samples: how often they were edited. */
const SOUND_HEAD_BYTES = 4;
/** As a length: up to the end of the file. */
const OPEN = 0xffff_ffff_ffff_ffffn;
/** A table of packets: their number, and more, before one to eight bytes for each. */
const TABLE_HEAD_BYTES = 24;
/** FFmpeg makes 24 bytes of each; AAC has 155,000 an hour. */
const MOST_PACKETS = 4_194_304;
/** Of tags: how many there are. */
const COUNT_BYTES = 4;
/** Of a name and of a text, which FFmpeg cuts off there. */
const NAME_BYTES = 31;

export function surveyCaf(window: Window, work: TagWork): ChunkSurvey {
  return surveyChunks(window, new CafFormat(window, work), work);
}

class CafFormat implements ChunkFormat {
  readonly headBytes = HEAD_BYTES;
  readonly first = 8;
  readonly soundId = 'data';
  readonly reads: ChunkFormat['reads'];

  constructor(window: Window, work: TagWork) {
    const setUp = ({ bytes }: Chunk) => work.addSetUp(bytes);
    this.reads = {
      ...{ desc: setUp, kuki: setUp, chan: setUp },
      pakt: (chunk) => checkTable(window, chunk, work),
      info: (chunk) => countTags(window, chunk, work),
    };
  }

  parse(head: Buffer) {
    const length = head.readBigUInt64BE(4);
    const bytes = length === OPEN ? Number.POSITIVE_INFINITY : Number(length);
    return { id: head.toString('latin1', 0, 4), bytes };
  }

  behind({ id, body, bytes }: Chunk): number {
    return id === 'info' && bytes === 0 ? body + COUNT_BYTES : body + bytes;
  }

  soundIn({ body, bytes }: Chunk): Sound {
    const claimed = bytes === Number.POSITIVE_INFINITY ? null : Math.max(0, bytes - SOUND_HEAD_BYTES);
    return { start: body + SOUND_HEAD_BYTES, bytes: claimed, form: null, alone: false };
  }
}

function checkTable(window: Window, { body, bytes }: Chunk, work: TagWork): void {
  const head = window.view(body, 8);
  const packets = head.length < 8 ? 0 : Number(head.readBigUInt64BE());
  if (bytes > TABLE_HEAD_BYTES && (packets > bytes || packets > MOST_PACKETS)) {
    work.giveUp(`"pakt" claims ${packets} packets`);
  }
}

/** Names and texts in turn, each up to a zero. */
function countTags(window: Window, { body, bytes }: Chunk, work: TagWork): void {
  const list = new TagList(work);
  const head = window.view(body, COUNT_BYTES);
  const count = head.length < COUNT_BYTES ? 0 : head.readUInt32BE();
  // FFmpeg reads on where the chunk ends.
  const end = window.source.size;
  let at = body + COUNT_BYTES;
  for (let i = 0; 3 * count <= bytes && i < count && at < end && !work.excessive; i++) {
    const nameBytes = window.untilZero(at, end - at);
    const name = window.text(at, Math.min(nameBytes, NAME_BYTES));
    at += nameBytes + 1;
    const textBytes = window.untilZero(at, end - at);
    at += textBytes + 1;
    list.add(name, name.length, textBytes);
  }
}

/**
 * Files that are a list of chunks: WAV and its kin, AIFF, CAF. Each chunk claims how long it is, and FFmpeg
 * believes it: it allocates what a text claims, and looks for the sound behind whatever comes before it.
 */
import { isStream } from '../sources/source.ts';
import { leftOutBehind, tagsLeftOut } from './left-out.ts';
import type { Sound } from './sound.ts';
import type { TagWork } from './tag-work.ts';
import type { Window } from './window.ts';

export interface Chunk {
  readonly id: string;
  /** Position and length of what it holds, by what it claims. */
  readonly body: number;
  readonly bytes: number;
}

/** How a format writes its chunks, and what FFmpeg reads of them. Holds what was found, for one file. */
export interface ChunkFormat {
  readonly headBytes: number;
  /** Position of the first chunk. */
  readonly first: number;
  readonly soundId: string;
  /** FFmpeg takes sound of an unknown length for none, and what is there for chunks. */
  readonly looksInside?: boolean;
  /** Looks through those chunks that FFmpeg reads. It passes over all others. */
  readonly reads: Readonly<Record<string, (chunk: Chunk) => void>>;
  /** @returns `null` where FFmpeg looks no further */
  parse(head: Buffer): Pick<Chunk, 'id' | 'bytes'> | null;
  /** Where FFmpeg looks for the next one. */
  behind(chunk: Chunk): number;
  soundIn(chunk: Chunk): Sound;
}

export interface ChunkSurvey {
  readonly sound: Sound | null;
  /** Those that FFmpeg may read, in order. */
  readonly read: readonly Chunk[];
  /** Where FFmpeg has to stop, and what the user is told: a position behind the sound. */
  readonly stop: Stop | null;
  /** Why FFmpeg must not begin; `null` where it may. */
  readonly fault: string | null;
  /** The chunk before the sound that claims more than there is. */
  readonly cutOff: string | null;
}

export interface Stop {
  readonly start: number;
  /** `null` where nobody misses what is behind. */
  readonly note: string | null;
}

/** What is none may be anything, and need not go on a terminal. */
const IS_NAME = /^[ -~]+$/;

export const NOTHING: ChunkSurvey = { sound: null, read: [], stop: null, fault: null, cutOff: null };

/** Goes through the chunks of a file in order. */
export function surveyChunks(window: Window, format: ChunkFormat, work: TagWork): ChunkSurvey {
  const { size } = window.source;
  const stream = isStream(window.source);
  const { headBytes, soundId, reads, looksInside = false } = format;
  let sound: Sound | null = null;
  const found: Chunk[] = [];
  const nothing = { ...NOTHING, read: found };
  for (let at = format.first; at + headBytes <= size; ) {
    const head = window.view(at, headBytes);
    const parsed = head.length < headBytes ? null : format.parse(head);
    const inside: boolean = sound !== null && sound.bytes === null;
    if (parsed === null) {
      const note = leftOutBehind('it is no chunk');
      return sound === null || inside
        ? { ...nothing, sound }
        : { ...nothing, sound, stop: { start: at, note } };
    }
    const chunk = { ...parsed, body: at + headBytes };
    const { id, bytes } = chunk;
    if (id === soundId && stream) {
      sound = format.soundIn(chunk);
      return { ...nothing, sound, stop: endOf(sound) };
    }
    const missing = stream ? !isThere(window, chunk) : chunk.body + bytes > size;
    const read = reads[id];
    if (id === soundId) {
      sound = format.soundIn(chunk);
      if (missing || (sound.bytes === null && !looksInside)) break;
    } else if (sound !== null && !inside && (missing || !IS_NAME.test(id))) {
      const why = read === undefined ? 'it is no chunk' : `"${id.trim()}" claims ${bytes} bytes`;
      return { ...nothing, sound, stop: { start: at, note: leftOutBehind(why) } };
    } else if (missing) {
      if (inside && read === undefined) break;
      return { ...NOTHING, cutOff: `${IS_NAME.test(id) ? `"${id.trim()}"` : 'one'} claims ${bytes} bytes` };
    } else {
      work.addOther();
      read?.(chunk);
    }
    const { fault } = work;
    if (fault !== null && sound !== null && !inside) {
      return { ...nothing, sound, stop: { start: at, note: tagsLeftOut(fault) } };
    }
    if (fault !== null) return { ...NOTHING, fault };
    if (read !== undefined) found.push(chunk);
    at = format.behind(chunk);
  }
  return { ...nothing, sound };
}

function isThere(window: Window, { body, bytes }: Chunk): boolean {
  return bytes === 0 || window.view(body + bytes - 1, 1).length > 0;
}

/** What comes behind the sound of a stream cannot be looked through beforehand. */
function endOf({ start, bytes }: Sound): Stop | null {
  return bytes === null ? null : { start: start + bytes, note: null };
}

/** A chunk of an odd length has a byte of padding behind it. */
export function evenBehind({ body, bytes }: Chunk): number {
  return body + bytes + (bytes % 2);
}

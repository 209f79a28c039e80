/** Frames of ID3v2, one behind another, whatever version wrote them, as their plain bytes. */
import { inflateSync } from 'node:zlib';
import { bytesInMemory, type TagBytes } from '../model.ts';
import type { Gathering } from './gathering.ts';
import { sliceOf, TagWindow } from './tag-window.ts';

export type Id3Version = 2 | 3 | 4;

export interface Id3Frame {
  readonly version: Id3Version;
  /** Three characters in version 2, else four. */
  readonly id: string;
  readonly body: TagBytes;
}

const MOST_FRAMES = 16_384;
/** Of what has to be in memory, since its bytes are not those that it stands for. */
const MOST_CHANGED_BYTES = 16 * 1024 * 1024;

const HEAD_BYTES = 10;
const OLD_HEAD_BYTES = 6;
const LENGTH_BYTES = 4;

/** Of the second byte of a frame's flags. */
const FLAGS = {
  2: { compressed: 0, encrypted: 0, grouped: 0, unsynchronised: 0, hasLength: 0 },
  3: { compressed: 0x80, encrypted: 0x40, grouped: 0x20, unsynchronised: 0, hasLength: 0 },
  4: { compressed: 0x08, encrypted: 0x04, grouped: 0x40, unsynchronised: 0x02, hasLength: 0x01 },
};

/** A length as ID3 writes it, with seven bits in each byte. */
export function sevenBits(bits: number): number {
  return ((bits >>> 3) & 0xfe0_0000) | ((bits >>> 2) & 0x1f_c000) | ((bits >>> 1) & 0x3f80) | (bits & 0x7f);
}

/** Up to padding, or to what is no frame. */
export function* framesIn(tag: TagBytes, version: Id3Version, into: Gathering): Generator<Id3Frame> {
  const window = new TagWindow(tag);
  const headBytes = version === 2 ? OLD_HEAD_BYTES : HEAD_BYTES;
  for (let at = 0, count = 0; at + headBytes <= tag.size; count++) {
    const head = window.view(at, headBytes);
    const id = head.toString('latin1', 0, version === 2 ? 3 : 4);
    if (head.length < headBytes || !/^[A-Z][A-Z0-9]{2}[A-Z0-9 ]?$/.test(id)) return;
    if (count === MOST_FRAMES) {
      into.note(`Tags were left out: there are over ${MOST_FRAMES}.`);
      return;
    }
    const flags = version === 2 ? 0 : head[9];
    const claimed = version === 2 ? head.readUIntBE(3, 3) : head.readUInt32BE(4);
    const size = version === 4 ? sizeOf(window, at, claimed) : claimed;
    at += headBytes;
    if (at + size > tag.size) {
      into.note(`Tags were left out: ${id.trim()} claims ${size} bytes, and they are not there.`);
      return;
    }
    const body = plain(sliceOf(tag, at, size), version, flags);
    if (body === null) into.note(`${id.trim()} was left out: it is encrypted, damaged or too large.`);
    else if (body.size > 0) yield { version, id, body };
    at += size;
  }
}

/** Some programs write the lengths of version 4 as those of version 3: what a frame follows is right. */
function sizeOf(window: TagWindow, at: number, claimed: number): number {
  if (claimed <= 0x7f) return claimed;
  const size = sevenBits(claimed);
  const begins = (next: number) => next >= window.size || /^(?:[A-Z0-9]{4}|\0)/.test(window.latin1(next, 4));
  const body = at + HEAD_BYTES;
  return !begins(body + size) && body + claimed <= window.size && begins(body + claimed) ? claimed : size;
}

/** Without what a frame has before it, and as it was before it was packed; `null` where nobody can tell. */
function plain(bytes: TagBytes, version: Id3Version, flags: number): TagBytes | null {
  const known = FLAGS[version];
  const has = (flag: number) => (flags & flag) !== 0;
  if (has(known.encrypted)) return null;
  const packed = has(known.compressed);
  const before =
    (has(known.grouped) ? 1 : 0) + (has(known.hasLength) || (packed && version === 3) ? LENGTH_BYTES : 0);
  const body = sliceOf(bytes, before, Math.max(0, bytes.size - before));
  if (!packed && !has(known.unsynchronised)) return body;
  const raw = inMemory(body);
  const joined = raw !== null && has(known.unsynchronised) ? resynchronised(raw) : raw;
  const whole = joined !== null && packed ? inflated(joined) : joined;
  return whole === null ? null : bytesInMemory(whole);
}

/** The whole of a tag whose bytes are not those that it stands for; `null` where it is too large. */
export function resynchronisedTag(bytes: TagBytes): TagBytes | null {
  const raw = inMemory(bytes);
  return raw === null ? null : bytesInMemory(resynchronised(raw));
}

function inMemory(bytes: TagBytes): Buffer | null {
  if (bytes.size > MOST_CHANGED_BYTES) return null;
  const raw = Buffer.alloc(bytes.size);
  return raw.subarray(0, bytes.read(raw, 0));
}

/** Programs of old took an FF before some bytes for a frame of MP3, so that a zero stands between. */
function resynchronised(raw: Buffer): Buffer {
  const bytes = Buffer.alloc(raw.length);
  let length = 0;
  for (let i = 0; i < raw.length; i++) {
    bytes[length++] = raw[i];
    if (raw[i] === 0xff && raw[i + 1] === 0) i++;
  }
  return bytes.subarray(0, length);
}

function inflated(raw: Buffer): Buffer | null {
  try {
    return inflateSync(raw, { maxOutputLength: MOST_CHANGED_BYTES });
  } catch {
    return null;
  }
}

/** Ogg: the codec by the first packet of each stream, the length by the position of its last page. */
import type { Fields } from './fields.ts';
import { streamInfo } from './flac.ts';
import type { Told } from './told.ts';

const MARK = Buffer.from('OggS');
const PAGE_HEAD_BYTES = 27;
const GRANULE_AT = 6;
const SERIAL_AT = 14;
const BEGINS = 2;
const MOST_STREAMS = 16;
/** A first page with more was not the first: the stream was cut out of a longer one. */
const MOST_FIRST_SECONDS = 30;

const OPUS_RATE = 48_000;
const OGG_FLAC_INFO_AT = 17;

interface Stream extends Told {
  readonly rate: number;
  /** Frames that are not heard. */
  readonly skipped?: number;
}

export function tellOgg(fields: Fields): Told {
  let at = 0;
  for (let count = 0; count < MOST_STREAMS && fields.text(at, 4) === 'OggS'; count++) {
    if ((fields.u8(at + 5) & BEGINS) === 0) break;
    const body = at + PAGE_HEAD_BYTES + fields.u8(at + 26);
    const stream = streamAt(fields, body);
    if (stream !== null) {
      const { skipped = 0, ...told } = stream;
      const seconds = told.rate > 0 ? (framesOf(fields, at, told.rate) - skipped) / told.rate : 0;
      return { ...told, seconds };
    }
    at = pageEnd(fields, at);
  }
  return { family: 'ogg' };
}

/** @param at of the first packet of a stream */
function streamAt(fields: Fields, at: number): Stream | null {
  const mark = fields.text(at, 8);
  if (mark.startsWith('\x01vorbis')) {
    return { family: 'ogg-vorbis', channels: fields.u8(at + 11), rate: fields.u32le(at + 12) };
  }
  if (mark === 'OpusHead') {
    return { family: 'opus', channels: fields.u8(at + 9), rate: OPUS_RATE, skipped: fields.u16le(at + 10) };
  }
  if (mark.startsWith('\x7fFLAC')) {
    const { frames: _, rate = 0, ...told } = streamInfo(fields, at + OGG_FLAC_INFO_AT);
    return { family: 'ogg-flac', rate, ...told };
  }
  if (mark === 'Speex   ') {
    return { family: 'speex', rate: fields.u32le(at + 36), channels: fields.u32le(at + 48) };
  }
  return null;
}

function pageEnd(fields: Fields, at: number): number {
  const segments = fields.u8(at + 26);
  let end = at + PAGE_HEAD_BYTES + segments;
  for (let i = 0; i < segments; i++) end += fields.u8(at + PAGE_HEAD_BYTES + i);
  return end;
}

/**
 * Frames of the stream that begins at a position, by its last page; `NaN` where the last pages are those
 * of
 * others, as of files one behind another.
 */
function framesOf(fields: Fields, at: number, rate: number): number {
  const serial = fields.u32le(at + SERIAL_AT);
  const { head, tail } = fields.reach;
  const last = lastGranule(tail.bytes, serial);
  if (last === null) return Number.NaN;
  const first = firstGranule(head, serial);
  return first > MOST_FIRST_SECONDS * rate ? last - first : last;
}

function lastGranule(bytes: Buffer, serial: number): number | null {
  for (let at = bytes.lastIndexOf(MARK); at >= 0; at = at === 0 ? -1 : bytes.lastIndexOf(MARK, at - 1)) {
    const granule = granuleAt(bytes, at);
    if (granule === null) continue;
    // What comes behind this stream's end would have to be added up.
    if (bytes.readUInt32LE(at + SERIAL_AT) !== serial) return null;
    if (granule >= 0) return granule;
  }
  return null;
}

function firstGranule(bytes: Buffer, serial: number): number {
  for (let at = bytes.indexOf(MARK); at >= 0; at = bytes.indexOf(MARK, at + 1)) {
    const granule = granuleAt(bytes, at);
    if (granule !== null && granule > 0 && bytes.readUInt32LE(at + SERIAL_AT) === serial) return granule;
  }
  return 0;
}

/** @returns -1 of a page on which no packet ends; `null` where there is no page */
function granuleAt(bytes: Buffer, at: number): number | null {
  if (at + PAGE_HEAD_BYTES > bytes.length || bytes[at + 4] !== 0) return null;
  return Number(bytes.readBigInt64LE(at + GRANULE_AT));
}

/**
 * MPEG's streams of television and discs: the times that its packets of sound carry, of the first and the
 * last.
 */
import type { Fields } from './fields.ts';
import { aacFrame, dolbyFrame, dtsFrame, mpegFrame } from './frames.ts';
import type { Told } from './told.ts';

const TS_MARK = 0x47;
/** With and without a time in front of each packet, as camcorders and discs write it. */
const TS_FORMS: readonly (readonly [bytes: number, markAt: number])[] = [
  [188, 0],
  [192, 4],
];
const SURE_PACKETS = 3;
/** Of a second. */
const CLOCK = 90_000;
const CLOCK_TURN = 2 ** 33;

/** A packet of sound that carries a time. */
interface Timed {
  /** Which of several streams. */
  readonly stream: number;
  readonly time: number;
  /** Where its sound begins, in the bytes that were looked through. */
  readonly body: number;
}

/** @returns `null` where it is no transport stream */
export function tellTransport(fields: Fields): Told | null {
  const form = TS_FORMS.find(([bytes, markAt]) => isTransport(fields, bytes, markAt));
  return form === undefined ? null : tellTimes(fields, 'mpegts', (bytes) => tsPackets(bytes, form[0]));
}

function isTransport(fields: Fields, bytes: number, markAt: number): boolean {
  const packets = Math.min(SURE_PACKETS, Math.floor(fields.size / bytes));
  for (let i = 0; i < packets; i++) if (fields.u8(i * bytes + markAt) !== TS_MARK) return false;
  return packets > 0;
}

/** @returns `null` where it is no program stream */
export function tellProgram(fields: Fields): Told | null {
  return fields.u32be(0) === 0x0000_01ba ? tellTimes(fields, 'mpeg', psPackets) : null;
}

function tellTimes(
  fields: Fields,
  family: 'mpegts' | 'mpeg',
  packets: (bytes: Buffer) => Iterable<Timed>,
): Told {
  const { head, tail } = fields.reach;
  const front = [...packets(head)];
  const first = front.at(0);
  if (first === undefined) return { family };
  const frame = frameIn(fields, first.body);
  const { rate, channels } = frame ?? {};
  const ofFirst = ({ stream }: Timed) => stream === first.stream;
  const back = [...packets(tail.bytes)].filter(ofFirst);
  const last = back.at(-1);
  if (last === undefined) return { family, rate, channels };
  // The last one lasts as long as the one before, where there is one; else a frame.
  const before = back.at(-2);
  const lasting = before === undefined ? (frame?.lasting ?? 0) : turned(last.time - before.time) / CLOCK;
  return { family, rate, channels, seconds: turned(last.time - first.time) / CLOCK + lasting };
}

function turned(time: number): number {
  return time < 0 ? time + CLOCK_TURN : time;
}

function frameIn(fields: Fields, at: number) {
  for (const frameAt of [dolbyFrame, dtsFrame, aacFrame, mpegFrame]) {
    const frame = frameAt(fields, at);
    if (frame !== null) return { ...frame, lasting: frame.samples / frame.rate };
  }
  return null;
}

function* tsPackets(bytes: Buffer, packetBytes: number): Generator<Timed> {
  let at = bytes.indexOf(TS_MARK);
  // At the end of a body the first packet lies anywhere.
  for (let i = 0; i < packetBytes && at >= 0 && bytes[at + packetBytes] !== TS_MARK; i++) {
    at = bytes.indexOf(TS_MARK, at + 1);
  }
  for (; at >= 0 && at + 188 <= bytes.length; at += packetBytes) {
    const begins = (bytes[at + 1] & 0x40) !== 0;
    const hasSound = (bytes[at + 3] & 0x10) !== 0;
    if (bytes[at] !== TS_MARK || !begins || !hasSound) continue;
    const adapted = (bytes[at + 3] & 0x20) === 0 ? 0 : 1 + bytes[at + 4];
    const timed = timedAt(bytes, at + 4 + adapted, at + 188);
    if (timed !== null) yield { ...timed, stream: bytes.readUInt16BE(at + 1) & 0x1fff };
  }
}

const START = Buffer.from('000001', 'hex');

function* psPackets(bytes: Buffer): Generator<Timed> {
  for (let at = bytes.indexOf(START); at >= 0; at = bytes.indexOf(START, at + 3)) {
    const timed = timedAt(bytes, at, bytes.length);
    if (timed === null) continue;
    // Discs put a number and a position before sound that is not MPEG's.
    const isPrivate = timed.stream === PRIVATE;
    yield isPrivate ? { ...timed, stream: bytes[timed.body] ?? 0, body: timed.body + 4 } : timed;
  }
}

const PRIVATE = 0xbd;
const EXTENDED = 0xfd;

/** @returns `null` where no packet of sound begins, or it carries no time */
function timedAt(bytes: Buffer, at: number, end: number): Timed | null {
  if (at + 19 > end || bytes.readUIntBE(at, 3) !== 1) return null;
  const stream = bytes[at + 3];
  if ((stream & 0xe0) !== 0xc0 && stream !== PRIVATE && stream !== EXTENDED) return null;
  if (bytes[at + 6] >> 6 === 2) {
    if ((bytes[at + 7] & 0x80) === 0) return null;
    return { stream, time: timeIn(bytes, at + 9), body: at + 9 + bytes[at + 8] };
  }
  // Of MPEG-1: filling, the size of a buffer, and times.
  let time = at + 6;
  while (time < end && bytes[time] === 0xff) time++;
  if (bytes[time] >> 6 === 1) time += 2;
  const [kind, behind] = [bytes[time] >> 4, bytes[time] >> 4 === 3 ? 10 : 5];
  if (time + 10 > end || (kind !== 2 && kind !== 3)) return null;
  return { stream, time: timeIn(bytes, time), body: time + behind };
}

/** 33 bits in five bytes. */
function timeIn(bytes: Buffer, at: number): number {
  const high = (bytes[at] >> 1) & 7;
  return high * 2 ** 30 + (bytes.readUInt16BE(at + 1) >> 1) * 2 ** 15 + (bytes.readUInt16BE(at + 3) >> 1);
}

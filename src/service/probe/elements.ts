/**
 * Matroska and WebM, by the elements in front of the sound; where browsers recorded it, by the last
 * cluster.
 */
import { numberAt } from '../../audio/survey/matroska.ts';
import type { Fields } from './fields.ts';
import type { Told } from './told.ts';

const SEGMENT = 0x1853_8067;
const INFO = 0x1549_a966;
const TRACKS = 0x1654_ae6b;
const CLUSTER = 0x1f43_b675;
const CLUSTER_MARK = Buffer.from('1f43b675', 'hex');
const SCALE = 0x2a_d7b1;
const DURATION = 0x4489;
const TRACK = 0xae;
const KIND = 0x83;
const SOUND = 2;
const CODEC = 0x86;
const AUDIO = 0xe1;
const RATE = 0xb5;
const CHANNELS = 0x9f;
const BITS = 0x6264;
const TIME = 0xe7;
const SIMPLE_BLOCK = 0xa3;
const GROUP = 0xa0;
const BLOCK = 0xa1;

/** Nanoseconds; where nothing is said. */
const USUAL_SCALE = 1_000_000;
const USUAL_RATE = 8000;
const LOSSLESS = /^A_(?:PCM|FLAC|ALAC|WAVPACK4|TTA1|TRUEHD|MLP)/;

interface Element {
  readonly id: number;
  readonly body: number;
  readonly end: number;
  /** Nobody said where it ends. */
  readonly open: boolean;
}

function* elements(fields: Fields, from: number, end: number): Generator<Element> {
  for (let at = from; at < end; ) {
    const head = fields.window.view(at, 12);
    const id = numberAt(head, 0, 4);
    const size = id === null ? null : numberAt(head, id.bytes, 8);
    if (id === null || size === null) return;
    const body = at + id.bytes + size.bytes;
    const open = size.value === 2 ** (7 * size.bytes) - 1;
    const last = open ? end : Math.min(end, body + size.value);
    yield { id: id.value + 2 ** (7 * id.bytes), body, end: last, open };
    at = body + size.value;
  }
}

export function tellElements(fields: Fields): Told {
  let [scale, ticks] = [USUAL_SCALE, 0];
  let track: Told = {};
  for (const { id, body, end, open } of insideSegment(fields)) {
    if (id === INFO) {
      for (const inner of elements(fields, body, end)) {
        if (inner.id === SCALE) scale = whole(fields, inner);
        if (inner.id === DURATION) ticks = fields.floatBe(inner.body, inner.end - inner.body);
      }
    } else if (id === TRACKS) track = soundTrack(fields, body, end);
    const known = track.rate !== undefined && ticks > 0;
    if (known || (id === CLUSTER && open)) break;
  }
  const last = ticks > 0 ? ticks : lastTime(fields);
  return { family: 'matroska', ...track, seconds: (last * scale) / 1e9 };
}

function* insideSegment(fields: Fields): Generator<Element> {
  for (const { id, body, end } of elements(fields, 0, fields.size)) {
    if (id !== SEGMENT) continue;
    yield* elements(fields, body, end);
    return;
  }
}

function soundTrack(fields: Fields, from: number, last: number): Told {
  for (const { id, body, end } of elements(fields, from, last)) {
    if (id !== TRACK) continue;
    let [kind, codec] = [0, ''];
    let [rate, channels, bits] = [USUAL_RATE, 1, 0];
    for (const inner of elements(fields, body, end)) {
      if (inner.id === KIND) kind = whole(fields, inner);
      if (inner.id === CODEC) codec = fields.text(inner.body, Math.min(16, inner.end - inner.body));
      if (inner.id !== AUDIO) continue;
      for (const part of elements(fields, inner.body, inner.end)) {
        if (part.id === RATE) rate = fields.floatBe(part.body, part.end - part.body);
        if (part.id === CHANNELS) channels = whole(fields, part);
        if (part.id === BITS) bits = whole(fields, part);
      }
    }
    const lossless = LOSSLESS.test(codec);
    if (kind === SOUND) return { rate, channels, bits: lossless ? bits : 0, lossless };
  }
  return {};
}

function whole(fields: Fields, { body, end }: Element): number {
  const length = Math.min(8, Math.max(0, end - body));
  let value = 0;
  for (let i = 0; i < length; i++) value = value * 256 + fields.u8(body + i);
  return value;
}

/** When the last block within reach begins; `NaN` where none does. */
function lastTime(fields: Fields): number {
  const { at, bytes } = fields.reach.tail;
  const cluster = bytes.lastIndexOf(CLUSTER_MARK);
  if (cluster < 0) return Number.NaN;
  for (const { body, end } of elements(fields, at + cluster, fields.size)) return timeIn(fields, body, end);
  return Number.NaN;
}

function timeIn(fields: Fields, from: number, last: number): number {
  let [time, latest] = [0, 0];
  for (const { id, body, end } of elements(fields, from, last)) {
    if (id === TIME) time = whole(fields, { id, body, end, open: false });
    if (id === SIMPLE_BLOCK) latest = Math.max(latest, offsetIn(fields, body));
    if (id !== GROUP) continue;
    for (const inner of elements(fields, body, end)) {
      if (inner.id === BLOCK) latest = Math.max(latest, offsetIn(fields, inner.body));
    }
  }
  return time + latest;
}

/** Of a block, within its cluster: behind the number of its track. */
function offsetIn(fields: Fields, at: number): number {
  const track = numberAt(fields.window.view(at, 8), 0, 8);
  const offset = track === null ? 0 : fields.u16be(at + track.bytes);
  return offset >= 0x8000 ? 0 : offset;
}

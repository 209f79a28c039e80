/** MP4 and QuickTime, by the boxes of the first track of sound. */
import type { Fields } from './fields.ts';
import type { Family, Told } from './told.ts';

const HEAD_BYTES = 8;
const LARGE_HEAD_BYTES = 16;

interface Box {
  readonly type: string;
  readonly body: number;
  readonly end: number;
}

/** Without loss, by the name of their sample description. */
const LOSSLESS: ReadonlySet<string> = new Set([
  ...['alac', 'fLaC', 'lpcm', 'ipcm', 'fpcm', 'sowt', 'twos', 'raw ', 'NONE'],
  ...['in24', 'in32', 'fl32', 'fl64'],
]);
const BITS: Readonly<Record<string, number>> = { in24: 24, in32: 32, fl32: 32, fl64: 64 };
const FAMILIES: Readonly<Record<string, Family>> = { mp4a: 'm4a', alac: 'alac' };

function* boxes(fields: Fields, from: number, end: number): Generator<Box> {
  for (let at = from; at + HEAD_BYTES <= end && fields.has(at, HEAD_BYTES); ) {
    const claimed = fields.u32be(at);
    const large = claimed === 1;
    const length = claimed === 0 ? end - at : large ? fields.u64be(at + HEAD_BYTES) : claimed;
    const headBytes = large ? LARGE_HEAD_BYTES : HEAD_BYTES;
    if (length < headBytes) return;
    yield { type: fields.text(at + 4, 4), body: at + headBytes, end: Math.min(at + length, end) };
    at += length;
  }
}

function boxIn(fields: Fields, { body, end }: Box, ...path: string[]): Box | null {
  for (const box of boxes(fields, body, end)) {
    if (box.type === path[0]) return path.length === 1 ? box : boxIn(fields, box, ...path.slice(1));
  }
  return null;
}

export function tellBoxes(fields: Fields): Told {
  let moov: Box | null = null;
  let indexed = 0;
  for (const box of boxes(fields, 0, fields.size)) {
    if (box.type === 'moov') moov ??= box;
    if (box.type === 'sidx') indexed = indexedSeconds(fields, box);
    // Behind the header of a fragmented file an index may come, and then only fragments.
    if (moov !== null && (box.type === 'moof' || box.type === 'sidx' || box.type === 'mdat')) break;
  }
  const track = moov === null ? null : soundTrack(fields, moov);
  if (moov === null || track === null) return { family: 'mov' };
  const described = describedBy(fields, track);
  const { rate } = described;
  const clock = clockOf(fields, boxIn(fields, track, 'mdia', 'mdhd'));
  const whole = clockOf(fields, boxIn(fields, moov, 'mvhd'));
  const fragments = boxIn(fields, moov, 'mvex', 'mehd');
  const extended = fragments === null ? 0 : longNumber(fields, fragments) / whole.scale;
  const seconds = clock.ticks / clock.scale || whole.ticks / whole.scale || extended || indexed;
  return { ...described, seconds, rate: rate || clock.scale };
}

function soundTrack(fields: Fields, moov: Box): Box | null {
  for (const box of boxes(fields, moov.body, moov.end)) {
    const handler = box.type === 'trak' ? boxIn(fields, box, 'mdia', 'hdlr') : null;
    if (handler !== null && fields.text(handler.body + 8, 4) === 'soun') return box;
  }
  return null;
}

/** Of `mvhd` and `mdhd`. */
function clockOf(fields: Fields, box: Box | null): { readonly scale: number; readonly ticks: number } {
  if (box === null) return { scale: 0, ticks: 0 };
  const large = fields.u8(box.body) === 1;
  const scale = fields.u32be(box.body + (large ? 20 : 12));
  const ticks = large ? fields.u64be(box.body + 24) : fields.u32be(box.body + 16);
  // All ones are "nobody knows".
  return { scale, ticks: ticks >= (large ? 2 ** 64 : 2 ** 32 - 1) ? 0 : ticks };
}

function longNumber(fields: Fields, { body }: Box): number {
  return fields.u8(body) === 1 ? fields.u64be(body + 4) : fields.u32be(body + 4);
}

/** The sum of all fragments. */
function indexedSeconds(fields: Fields, { body, end }: Box): number {
  const scale = fields.u32be(body + 8);
  const first = body + (fields.u8(body) === 0 ? 24 : 32);
  const count = fields.u16be(first - 2);
  let ticks = 0;
  for (let i = 0; i < count && first + i * 12 < end; i++) ticks += fields.u32be(first + i * 12 + 4);
  return ticks / scale;
}

function describedBy(fields: Fields, track: Box): Told {
  const table = boxIn(fields, track, 'mdia', 'minf', 'stbl', 'stsd');
  if (table === null) return { family: 'mov' };
  const at = table.body + 8;
  const codec = fields.text(at + 4, 4);
  const family = Object.hasOwn(FAMILIES, codec) ? FAMILIES[codec] : 'mov';
  const lossless = LOSSLESS.has(codec);
  if (fields.u16be(at + 16) === 2) {
    const [rate, channels] = [fields.floatBe(at + 40, 8), fields.u32be(at + 48)];
    return { family, lossless, rate, channels, bits: lossless ? fields.u32be(at + 56) : 0 };
  }
  const told = { family, lossless, rate: fields.u32be(at + 32) >>> 16, channels: fields.u16be(at + 24) };
  const bits = Object.hasOwn(BITS, codec) ? BITS[codec] : fields.u16be(at + 26);
  return { ...told, bits: lossless ? bits : 0 };
}

/**
 * Which chunks of a WAV file are still right when its samples have changed, and what has to change in them:
 * one table, and pure functions over their bytes.
 */
import type { TagField } from '../tags/model.ts';
import type { SampleChange } from './sample-change.ts';

export interface WavChunk {
  /** Four characters. */
  readonly id: string;
  /** The same without spaces; of a LIST what it lists. */
  readonly kind: string;
  /** Where its bytes begin in the source, and how many there are. */
  readonly body: number;
  readonly size: number;
}

interface Rule {
  /** It says nothing that is wrong now. Absent: in any case. */
  readonly fits?: (change: SampleChange) => boolean;
  /**
   * Set where its bytes may have to change, if the samples did.
   * @returns `null` where they cannot be made right
   */
  readonly adapt?: (bytes: Buffer, change: SampleChange) => Buffer | null;
  /** Made of the samples: nothing is lost with it that could not be made again. */
  readonly derived?: true;
}

const unmixed = ({ mixed }: SampleChange): boolean => !mixed;
const sameTime = ({ rate }: SampleChange): boolean => rate.from === rate.to;
const timeless: Rule = {};
const positions = (move: (bytes: Buffer, ratio: number) => void): Rule => ({
  adapt(bytes, { rate }) {
    if (rate.from !== rate.to) move(bytes, rate.to / rate.from);
    return bytes;
  },
});

/** By the kind of chunk. */
const RULES: Readonly<Record<string, Rule>> = {
  bext: { adapt: adaptBroadcast },
  cue: positions(moveCues),
  smpl: positions(moveLoops),
  adtl: positions(moveLabels),
  plst: positions(movePlaylist),
  iXML: { fits: (change) => unmixed(change) && sameTime(change), adapt: adaptIxml },
  // Which channel plays which object.
  axml: { fits: unmixed },
  chna: { fits: unmixed },
  inst: timeless,
  acid: timeless,
  DISP: timeless,
  _PMX: timeless,
  aXML: timeless,
  PEAK: { fits: ({ altered }) => !altered, derived: true },
  levl: { fits: ({ altered }) => !altered, derived: true },
};

/** Of others nobody knows whether they hold positions, or something of each channel. */
const OTHERS: Rule = { fits: (change) => unmixed(change) && sameTime(change) };

export function ruleFor({ kind }: WavChunk): Rule {
  return RULES[kind] ?? OTHERS;
}

/** Fields without those that a chunk says which carries over by itself. */
export function withoutChunks(
  fields: readonly TagField[],
  chunks: readonly WavChunk[],
  change: SampleChange,
): readonly TagField[] {
  const kept = chunks.filter((chunk) => ruleFor(chunk).fits?.(change) ?? true).map(({ kind }) => kind);
  return fields.filter(({ chunk }) => chunk === undefined || !kept.includes(chunk));
}

/** A field that bext has, and that FFmpeg makes of it, counts frames since midnight. */
export function movedTimeReference(
  fields: readonly TagField[],
  { rate: { from, to } }: SampleChange,
): readonly TagField[] {
  return fields.map((field) => {
    const counts = from !== to && /^time_reference$/i.test(field.key) && /^\d{1,20}$/.test(field.value);
    return counts ? { ...field, value: String(rescaled(BigInt(field.value), from, to)) } : field;
  });
}

/** For the user: those whose loss is one. @param reason such as "flac has no place for them" */
export function chunksLeftOut(chunks: readonly WavChunk[], reason: string): string[] {
  const kinds = new Set(chunks.filter((chunk) => !ruleFor(chunk).derived).map(({ kind }) => kind));
  if (kinds.size === 0) return [];
  const names = [...kinds].sort().join(', ');
  return [`Its ${names} ${kinds.size === 1 ? 'chunk was' : 'chunks were'} left out: ${reason}.`];
}

/** A position in frames at the new rate, if there is one. */
function moveAt(bytes: Buffer, at: number, ratio: number): void {
  if (at + 4 <= bytes.length) bytes.writeUInt32LE(moved(bytes.readUInt32LE(at), ratio), at);
}

/** Within what 32 bits hold. */
function moved(frames: number, ratio: number): number {
  return Math.min(0xffff_ffff, Math.max(0, Math.round(frames * ratio)));
}

const CUE_BYTES = 24;

function moveCues(bytes: Buffer, ratio: number): void {
  for (let at = 4; at + CUE_BYTES <= bytes.length; at += CUE_BYTES) {
    moveAt(bytes, at + 4, ratio);
    moveAt(bytes, at + 20, ratio);
  }
}

const LOOPS_AT = 36;
const LOOP_BYTES = 24;

function moveLoops(bytes: Buffer, ratio: number): void {
  // Nanoseconds a sample.
  moveAt(bytes, 8, 1 / ratio);
  for (let at = LOOPS_AT; at + LOOP_BYTES <= bytes.length; at += LOOP_BYTES) {
    moveAt(bytes, at + 8, ratio);
    // The last frame that is played: the one behind it is where the loop begins anew.
    bytes.writeUInt32LE(moved(moved(bytes.readUInt32LE(at + 12) + 1, ratio) - 1, 1), at + 12);
  }
}

/** Of labels only those with a length have one in frames. */
function moveLabels(bytes: Buffer, ratio: number): void {
  for (let at = 4; at + 8 <= bytes.length; ) {
    const size = bytes.readUInt32LE(at + 4);
    if (bytes.toString('latin1', at, at + 4) === 'ltxt') moveAt(bytes, at + 12, ratio);
    at += 8 + size + (size % 2);
  }
}

const SEGMENT_BYTES = 12;

function movePlaylist(bytes: Buffer, ratio: number): void {
  for (let at = 4; at + SEGMENT_BYTES <= bytes.length; at += SEGMENT_BYTES) moveAt(bytes, at + 4, ratio);
}

/** EBU Tech 3285: frames since midnight, and since version 2 the loudness in 1/100. */
const TIME_AT = 338;
const VERSION_AT = 346;
const LOUDNESS_AT = 412;
const LOUDNESS_RANGE_AT = 414;
const LEVELS_AT = [LOUDNESS_AT, 416, 418, 420];
const LOUDNESS_END = 422;
const NOT_KNOWN = 0x7fff;

function adaptBroadcast(bytes: Buffer, change: SampleChange): Buffer {
  if (!sameTime(change) && bytes.length >= VERSION_AT) {
    const { from, to } = change.rate;
    const time = rescaled(bytes.readBigUInt64LE(TIME_AT), from, to);
    bytes.writeBigUInt64LE(BigInt.asUintN(64, time), TIME_AT);
  }
  const saysLoudness = bytes.length >= LOUDNESS_END && bytes.readUInt16LE(VERSION_AT) >= 2;
  if (!saysLoudness || (change.gainDb === 0 && !change.levelUnknown)) return bytes;
  const levels = LEVELS_AT.map((at) => levelAfter(bytes.readInt16LE(at), change));
  // Over full scale nobody knows what was cut off.
  const peak = levels[1];
  const clipped = change.bits !== null && change.gainDb > 0 && peak !== NOT_KNOWN && peak > 0;
  for (const [i, at] of LEVELS_AT.entries()) bytes.writeInt16LE(clipped ? NOT_KNOWN : levels[i], at);
  if (change.levelUnknown || clipped) bytes.writeInt16LE(NOT_KNOWN, LOUDNESS_RANGE_AT);
  return bytes;
}

function rescaled(frames: bigint, from: number, to: number): bigint {
  return (frames * BigInt(to) + BigInt(from) / 2n) / BigInt(from);
}

function levelAfter(level: number, { gainDb, levelUnknown }: SampleChange): number {
  const now = level + Math.round(gainDb * 100);
  const known = level !== NOT_KNOWN && !levelUnknown && Math.abs(now) < NOT_KNOWN;
  return known ? now : NOT_KNOWN;
}

/** Text, of which only the depth is of the file and not of the recording. */
function adaptIxml(bytes: Buffer, { bits, gainDb, levelUnknown }: SampleChange): Buffer | null {
  const text = bytes.toString('latin1');
  if ((gainDb !== 0 || levelUnknown) && text.includes('LOUDNESS')) return null;
  const depth = `$1${bits ?? 32}$2`;
  return Buffer.from(text.replace(/(<AUDIO_BIT_DEPTH>)\s*\d+\s*(<\/AUDIO_BIT_DEPTH>)/g, depth), 'latin1');
}

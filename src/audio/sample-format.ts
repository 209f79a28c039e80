/** How samples are stored, and how many bits of them count. */
import {
  AV_SAMPLE_FMT_DBL,
  AV_SAMPLE_FMT_DBLP,
  AV_SAMPLE_FMT_FLT,
  AV_SAMPLE_FMT_FLTP,
  AV_SAMPLE_FMT_S16,
  AV_SAMPLE_FMT_S16P,
  AV_SAMPLE_FMT_S32,
  AV_SAMPLE_FMT_S32P,
  AV_SAMPLE_FMT_S64,
  AV_SAMPLE_FMT_S64P,
  AV_SAMPLE_FMT_U8,
  AV_SAMPLE_FMT_U8P,
  type AVSampleFormat,
} from 'node-av/constants';
import type { BlockKind } from './block.ts';
import type { Depth } from './plan/audio-info.ts';

interface Storage {
  readonly name: string;
  readonly bytes: number;
  readonly planar: boolean;
  readonly type: Depth['type'];
}

const STORAGE: ReadonlyMap<AVSampleFormat, Storage> = new Map([
  [AV_SAMPLE_FMT_U8, { name: 'u8', bytes: 1, planar: false, type: 'integer' }],
  [AV_SAMPLE_FMT_U8P, { name: 'u8p', bytes: 1, planar: true, type: 'integer' }],
  [AV_SAMPLE_FMT_S16, { name: 's16', bytes: 2, planar: false, type: 'integer' }],
  [AV_SAMPLE_FMT_S16P, { name: 's16p', bytes: 2, planar: true, type: 'integer' }],
  [AV_SAMPLE_FMT_S32, { name: 's32', bytes: 4, planar: false, type: 'integer' }],
  [AV_SAMPLE_FMT_S32P, { name: 's32p', bytes: 4, planar: true, type: 'integer' }],
  [AV_SAMPLE_FMT_S64, { name: 's64', bytes: 8, planar: false, type: 'integer' }],
  [AV_SAMPLE_FMT_S64P, { name: 's64p', bytes: 8, planar: true, type: 'integer' }],
  [AV_SAMPLE_FMT_FLT, { name: 'flt', bytes: 4, planar: false, type: 'float' }],
  [AV_SAMPLE_FMT_FLTP, { name: 'fltp', bytes: 4, planar: true, type: 'float' }],
  [AV_SAMPLE_FMT_DBL, { name: 'dbl', bytes: 8, planar: false, type: 'float' }],
  [AV_SAMPLE_FMT_DBLP, { name: 'dblp', bytes: 8, planar: true, type: 'float' }],
]);

/** How a format is stored; `null` for one that this FFmpeg does not name. */
export function storageOf(format: AVSampleFormat): Storage | null {
  return STORAGE.get(format) ?? null;
}

/** The format in which a block of this kind lies in memory. */
export function blockFormat(kind: BlockKind): AVSampleFormat {
  return kind === 'f32' ? AV_SAMPLE_FMT_FLTP : AV_SAMPLE_FMT_S32P;
}

/** @param rawBits what the codec says of its samples; 0 where it says nothing */
export function depthOf(storage: Storage, rawBits: number): Depth {
  const stored = storage.bytes * 8;
  const bits = storage.type === 'integer' && rawBits > 0 ? Math.min(rawBits, stored) : stored;
  return { type: storage.type, bits };
}

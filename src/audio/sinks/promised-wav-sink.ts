/**
 * A WAV that others read while it is made, as a sink: its header goes out at its beginning with the sizes
 * that its source announces, and has to be, at the end, what FFmpeg makes of it. Owned by one task.
 * Invariants: bytes are passed on in order, each once; what did not keep its promise ends with an error, so
 * that nobody takes it for whole.
 */
import { MillpondError } from '../../errors.ts';
import { jsonText } from '../../text/escaping.ts';
import type { MadeSink } from './create-sink.ts';
import type { ToCome } from './sink.ts';
import type { Drain } from './stream-sink.ts';

const FIRST_CHUNK_AT = 12;
const CHUNK_HEAD_BYTES = 8;
const RIFF_SIZE_AT = 4;
/** Beyond it the header is another one: RF64. */
const MOST_BYTES = 0xffff_ffff;
/** What FFmpeg writes for a size until it knows it. */
const OPEN = 0xffff_ffff;

/**
 * @throws MillpondError `ERR_AUDIO_UNSUPPORTED` where nothing can be promised; from `write` and `commit`
 * `ERR_AUDIO_DECODE` where the promise was not kept
 */
export function createPromisedWavSink({ name, write }: Drain, toCome: ToCome): MadeSink {
  const { frames } = toCome;
  if (frames === null) throw unknown(name);
  /** What FFmpeg wrote of the beginning, and may write again. */
  let head: Buffer = Buffer.alloc(0);
  /** What went out for it; `null` until then. */
  let promised: Buffer | null = null;
  let mostBytes = MOST_BYTES;
  let size = 0;

  const pass = (bytes: Uint8Array): void => {
    if (size + bytes.length > mostBytes) throw broken(name, frames);
    write(bytes);
    size += bytes.length;
  };
  const begin = (layout: Layout): void => {
    const rest = head.subarray(layout.soundAt);
    head = head.subarray(0, layout.soundAt);
    promised = Buffer.from(head);
    mostBytes = withSizes(promised, layout, frames, toCome);
    if (mostBytes > MOST_BYTES) throw tooLarge(name);
    pass(promised);
    pass(rest);
  };
  const discard = (): void => {};
  return {
    name,
    bytes: { kind: 'memory' },
    size: () => (promised === null ? head.length : size),
    write(bytes, position) {
      if (promised === null) {
        head = overwritten(head, bytes, position);
        const layout = layoutOf(head);
        if (layout !== null) begin(layout);
      } else if (position === size) pass(bytes);
      else if (position + bytes.length <= head.length) head.set(bytes, position);
      else throw new Error(`${bytes.length} bytes for ${position} of a WAV of which ${size} have gone`);
    },
    written() {
      throw new Error(`What was written to ${name} has gone`);
    },
    commit() {
      if (promised === null || size !== mostBytes || !promised.equals(head)) throw broken(name, frames);
      return size;
    },
    take: () => ({ leases: null, file: null }),
    discard,
    [Symbol.dispose]: discard,
  };
}

/** With room for what comes next, as it is long where there are many tags. */
function overwritten(head: Buffer, bytes: Uint8Array, position: number): Buffer {
  const end = Math.max(head.length, position + bytes.length);
  let { buffer } = head;
  if (end > buffer.byteLength) {
    const larger = Buffer.alloc(2 * end);
    larger.set(head);
    ({ buffer } = larger);
  }
  const all = Buffer.from(buffer, 0, end);
  all.set(bytes, position);
  return all;
}

/** Where a header has what is known at the end. */
interface Layout {
  readonly soundAt: number;
  /** Frames, in files of floats; `null` in others. */
  readonly factAt: number | null;
}

/** `null` where the sound has not begun. */
function layoutOf(head: Buffer): Layout | null {
  let factAt: number | null = null;
  for (let at = FIRST_CHUNK_AT; at + CHUNK_HEAD_BYTES <= head.length; ) {
    const id = head.toString('latin1', at, at + 4);
    const body = at + CHUNK_HEAD_BYTES;
    if (id === 'data') return { soundAt: body, factAt };
    const size = head.readUInt32LE(at + 4);
    if (size === OPEN) return null;
    if (id === 'fact') factAt = body;
    at = body + size + (size % 2);
  }
  return null;
}

/** @returns bytes of the whole file */
function withSizes(head: Buffer, { soundAt, factAt }: Layout, frames: number, toCome: ToCome): number {
  const soundBytes = frames * toCome.frameBytes;
  const bytes = toCome.withChunks(soundAt + soundBytes + (soundBytes % 2));
  if (bytes > MOST_BYTES) return bytes;
  head.writeUInt32LE(bytes - CHUNK_HEAD_BYTES, RIFF_SIZE_AT);
  head.writeUInt32LE(soundBytes, soundAt - 4);
  if (factAt !== null) head.writeUInt32LE(frames, factAt);
  return bytes;
}

function unknown(name: string): MillpondError {
  return new MillpondError(
    'ERR_AUDIO_UNSUPPORTED',
    `A wav whose sizes go out first is of audio whose header says its length to the frame, got another for ${jsonText(name)}. Leave delivery=stream out.`,
  );
}

function tooLarge(name: string): MillpondError {
  return new MillpondError(
    'ERR_AUDIO_UNSUPPORTED',
    `A wav whose sizes go out first comes to less than 4 GiB, got more for ${jsonText(name)}. Leave delivery=stream out.`,
  );
}

function broken(name: string, frames: number): MillpondError {
  return new MillpondError(
    'ERR_AUDIO_DECODE',
    `A wav whose sizes went out first has the ${frames} frames that its source announces, got others for ${jsonText(name)}. The source is damaged, or lies: leave delivery=stream out.`,
  );
}

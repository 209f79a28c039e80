/** Audio that comes in pieces, as a stream, and what becomes of it. */
import { expect } from 'vitest';
import { Block } from '../../src/audio/block.ts';
import { createDecoder } from '../../src/audio/decode/decoder.ts';
import type { TargetName } from '../../src/audio/plan/targets.ts';
import { createStreamSink } from '../../src/audio/sinks/stream-sink.ts';
import { type Feed, openStreamSource } from '../../src/audio/sources/stream-source.ts';
import { convert } from '../../src/audio/transcode.ts';
import { dirtyShard, type TestShard } from '../stand.ts';

/** Pieces of these lengths, again and again, until there are no more bytes. */
export function feedOf(bytes: Buffer, lengths: readonly number[]): Feed & { fed: number } {
  let turn = 0;
  return {
    name: 'feed',
    fed: 0,
    read(target) {
      const length = Math.min(target.length, lengths[turn++ % lengths.length], bytes.length - this.fed);
      target.set(bytes.subarray(this.fed, this.fed + length));
      this.fed += length;
      return length;
    },
  };
}

/** The same bytes for ever behind a beginning. */
export function endlessFeed(begin: Buffer, more: Buffer): Feed & { fed: number } {
  return {
    name: 'feed',
    fed: 0,
    read(target) {
      const at = this.fed < begin.length ? this.fed : (this.fed - begin.length) % more.length;
      const piece = (this.fed < begin.length ? begin : more).subarray(at, at + target.length);
      target.set(piece);
      this.fed += piece.length;
      return piece.length;
    },
  };
}

/** What `readAll` gives, of a stream. Checks that every lease came back. */
export function readStream(feed: Feed, pool: TestShard = dirtyShard()) {
  const planes: Float32Array[][] = [];
  let frames = 0;
  try {
    using decoder = createDecoder(openStreamSource(feed, pool));
    const { info } = decoder;
    using lease = pool.acquire(65_536);
    const block = new Block(lease, info.channels);
    for (let count = decoder.read(block); count > 0; count = decoder.read(block)) {
      planes.push(
        (block.planes as Float32Array[]).slice(0, info.channels).map((plane) => plane.slice(0, count)),
      );
      frames += count;
    }
    const whole = Array.from({ length: info.channels }, (_, channel) => {
      const plane = new Float32Array(frames);
      let at = 0;
      for (const part of planes) {
        plane.set(part[channel], at);
        at += part[channel].length;
      }
      return plane;
    });
    return { info, planes: whole, frames, warnings: decoder.warnings };
  } finally {
    expect(pool.lent).toBe(0);
  }
}

interface Parts {
  readonly pool?: TestShard;
  /** Gets what goes out, as it goes. */
  readonly count?: (bytes: Uint8Array) => void;
}

/** What a stream becomes as a stream. Checks that every lease came back. */
export function convertStream(
  feed: Feed,
  to: TargetName,
  { pool = dirtyShard(), count = () => {} }: Parts = {},
) {
  const parts: Buffer[] = [];
  const write = (bytes: Uint8Array): void => {
    count(bytes);
    parts.push(Buffer.from(bytes));
  };
  const signal = new AbortController().signal;
  const context = { pool, signal, block: { bytes: 65_536 } };
  try {
    const source = openStreamSource(feed, pool);
    const create = () => createStreamSink({ name: 'drain', write });
    return { ...convert(source, { to, totalFrames: 0 }, context, { create }), bytes: Buffer.concat(parts) };
  } finally {
    expect(pool.lent).toBe(0);
  }
}

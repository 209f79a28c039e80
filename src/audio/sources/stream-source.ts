/**
 * Bytes that come while they are read, as a source: forward only, and without a size. What was looked at
 * before it is taken waits in leases. Owns these, on the thread of its task.
 * Invariants: leases hold what is between `taken` and `have`, and never more than `most`; what was taken is
 * gone.
 */
import { type Bytes, formatBytes, KiB, MiB } from '../../bytes.ts';
import { MillpondError } from '../../errors.ts';
import type { Lease } from '../../pool/lease.ts';
import type { Pool } from '../../pool/pool.ts';
import { jsonText } from '../../text/escaping.ts';
import { type Chain, copyFrom } from '../chain.ts';
import type { Source } from './source.ts';

/** Where the bytes come from. */
export interface Feed {
  /** What messages call it. */
  readonly name: string;
  /**
   * Waits for something. @returns how many bytes came; 0 at the end
   * @throws what ends the task, such as its signal's reason
   */
  read(target: Uint8Array): number;
}

/** Covers of a few MiB lie in front of the sound. */
const MOST_AHEAD: Bytes = 8 * MiB;
/** Of the first leases, and of those behind the first MiB. */
const FIRST_BYTES: Bytes = 64 * KiB;
const LATER_BYTES: Bytes = MiB;

/** @throws nothing; its reads throw MillpondError `ERR_AUDIO_UNSUPPORTED`, and what feed and pool throw */
export function openStreamSource(feed: Feed, pool: Pool): Source {
  return new StreamSource(feed, pool);
}

class StreamSource implements Source {
  readonly name: string;
  readonly size = Number.POSITIVE_INFINITY;
  readonly bytes = {
    kind: 'stream' as const,
    ready: () => this.#ready(),
    next: (target: Uint8Array) => this.#next(target),
  };
  readonly #feed: Feed;
  readonly #pool: Pool;
  readonly #most: Bytes;
  readonly #chain: Chain & { readonly leases: Lease[] } = { leases: [], starts: [] };
  #taken = 0;
  #have = 0;
  #ended = false;

  constructor(feed: Feed, pool: Pool) {
    this.name = feed.name;
    this.#feed = feed;
    this.#pool = pool;
    this.#most = Math.min(MOST_AHEAD, pool.mostOutputBytes);
  }

  get end(): number {
    return this.#ended ? this.#have : this.size;
  }

  read(target: Uint8Array, position: number): number {
    if (position < this.#taken) throw new RangeError(`A stream has no byte ${position} any more`);
    const wanted = position + target.length;
    if (wanted - this.#taken > this.#most) throw this.#tooFar();
    while (this.#have < wanted && this.#fetch() > 0);
    const length = Math.max(0, Math.min(target.length, this.#have - position));
    return length === 0 ? 0 : copyFrom(this.#chain, position, target.subarray(0, length));
  }

  change(): null {
    return null;
  }

  [Symbol.dispose](): void {
    for (const lease of this.#chain.leases.splice(0)) lease[Symbol.dispose]();
    this.#chain.starts.length = 0;
  }

  #ready(): number {
    if (this.#have === this.#taken) this.#fetch();
    return this.#have;
  }

  #next(target: Uint8Array): number {
    if (target.length === 0) return 0;
    const there = this.#have - this.#taken;
    if (there > 0) {
      const length = copyFrom(this.#chain, this.#taken, target.subarray(0, there));
      this.#taken += length;
      this.#drop();
      return length;
    }
    const length = this.#ended ? 0 : this.#feed.read(target);
    this.#ended = length === 0;
    this.#have += length;
    this.#taken += length;
    return length;
  }

  /** Leases that hold nothing any more go; the last stays for what comes, as long as it is of some use. */
  #drop(): void {
    const { leases, starts } = this.#chain;
    while (leases.length > 0 && this.#taken >= starts[0] + leases[0].length) {
      leases.shift()?.release();
      starts.shift();
    }
    if (this.#taken !== this.#have || leases.length === 0) return;
    if (leases[0].length > FIRST_BYTES) this[Symbol.dispose]();
    else starts[0] = this.#have;
  }

  /** Puts behind the rest what comes next. @returns how many bytes; 0 at the end */
  #fetch(): number {
    if (this.#ended) return 0;
    const length = this.#feed.read(this.#room());
    this.#ended = length === 0;
    this.#have += length;
    return length;
  }

  /** Where the next bytes go: some of the last lease, or of a new one. */
  #room(): Uint8Array {
    const { leases, starts } = this.#chain;
    const last = leases.at(-1);
    const used = last === undefined ? 0 : this.#have - starts[leases.length - 1];
    if (last !== undefined && used < last.length) return last.bytes.subarray(used);
    const lease = this.#pool.acquire(this.#have - this.#taken < LATER_BYTES ? FIRST_BYTES : LATER_BYTES);
    leases.push(lease);
    starts.push(this.#have);
    return lease.bytes;
  }

  #tooFar(): MillpondError {
    return new MillpondError(
      'ERR_AUDIO_UNSUPPORTED',
      `In a stream what comes before the sound, such as tags and pictures, has ${formatBytes(this.#most)} at most, got more in ${jsonText(this.name)}. Leave --stream out, so that it is stored first.`,
    );
  }
}

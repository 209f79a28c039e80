/**
 * A source as planar samples. Runs on the thread that made it, synchronously. Owns the source, and the reader
 * of the part that is being decoded: of a chained Ogg file each link is one, else the whole.
 * Invariants: what comes out does not depend on how large the blocks are; the memory of a block is written
 * only inside {@link Decoder.read}, and native code keeps no pointer to it (docs/decisions/020); all of it
 * has the format of the first frame, whatever comes later (022).
 */
import { AVERROR_INPUT_CHANGED } from 'node-av/constants';
import type { ChannelLayout } from 'node-av/lib';
import { isMillpondError, MillpondError } from '../../errors.ts';
import { jsonText } from '../../text/escaping.ts';
import type { Block, BlockKind } from '../block.ts';
import { check } from '../native-error.ts';
import type { AudioInfo } from '../plan/audio-info.ts';
import { type Layout, mustMix } from '../plan/channels.ts';
import { type AudioLimits, mostFrames, tooLong } from '../plan/limits.ts';
import { blockFormat } from '../sample-format.ts';
import { isStream, type Source } from '../sources/source.ts';
import { describe, formOf, type SampleForm, tellsLength } from './describe.ts';
import { FrameReader } from './frame-reader.ts';
import type { Link, Links } from './link.ts';
import { linksOf } from './ogg-links.ts';
import { type Recognized, recognize } from './recognize.ts';
import { SampleQueue } from './sample-queue.ts';

export interface Decoder extends Disposable {
  /** What the file holds. */
  readonly info: AudioInfo;
  /**
   * @internal Frames that it decodes to unless it is damaged or lies, where its header says it to the frame;
   * else `null`.
   */
  readonly exactFrames: number | null;
  /** Frames of the audio file that were decoded so far, at its own rate. */
  readonly decodedFrames: number;
  /** Gathered while decoding; complete once {@link read} has returned 0. */
  readonly warnings: readonly string[];
  /** Whether a part of the audio file is missing or did not decode; complete as {@link warnings} are. */
  readonly damaged: boolean;
  /**
   * To be called once, before the first `read`, where samples should come at another rate or as whole
   * numbers.
   */
  configure(kind: BlockKind, sampleRate: number): void;
  /**
   * Fills a block from its start. Only the last block of an audio file is shorter than its capacity.
   * @returns frames written; 0 at the end
   * @throws MillpondError `ERR_AUDIO_DECODE`, `ERR_AUDIO_UNSUPPORTED`, `ERR_AUDIO_TOO_LONG`;
   * `ERR_AUDIO_CHANGED` where the source became shorter since it was opened, or was written to and now does
   * not decode
   */
  read(block: Block): number;
  /** Gives back what it holds of native memory, and the file. More calls do nothing. */
  close(): void;
  /** As {@link close}. */
  [Symbol.dispose](): void;
}

/**
 * Decodes the first frame of a source and takes the source over, also where it throws.
 * @throws MillpondError `ERR_AUDIO_OPEN`, `ERR_AUDIO_NO_STREAM`, `ERR_AUDIO_DECODE`, `ERR_AUDIO_UNSUPPORTED`,
 * `ERR_AUDIO_TOO_LONG`
 */
export function createDecoder(source: Source, limits: AudioLimits = {}): Decoder {
  return new NativeDecoder(source, limits);
}

/** Frames that are decoded before they move on together: many make the move cheap, few stay in cache. */
const QUEUE_FRAMES = 4096;

class NativeDecoder implements Decoder {
  readonly info: AudioInfo;
  readonly exactFrames: number | null;

  readonly #source: Source;
  /** What of it FFmpeg gets to see. */
  readonly #shown: Recognized;
  /** What is still to be read behind {@link #reader}. */
  readonly #links: Links;
  readonly #notes = new Set<string>();
  /** An earlier link was, or is no audio. */
  #damagedBefore = false;
  #reader: FrameReader;
  /** Of the frames that the queue takes. */
  #form: SampleForm;
  /** What the first frame was. */
  readonly #first: SampleForm;

  /** The reader's frame holds samples that were not taken yet. */
  #primed: boolean;
  #closed = false;

  #kind: BlockKind = 'f32';
  #sampleRate: number;
  #queue: SampleQueue | null = null;
  /** Frames of the audio file in all queues, and those that came out of the earlier ones. */
  #taken = 0;
  readonly #most: number;
  #queued = 0;

  constructor(source: Source, limits: AudioLimits) {
    this.#source = source;
    using opening = new DisposableStack();
    opening.use(source);
    const shown = recognize(source);
    for (const warning of shown.warnings) this.#notes.add(warning);
    this.#shown = shown;
    this.#links = linksOf(shown);
    const first = this.#links.next() ?? { source: shown.source, lastPosition: () => 0 };
    const reader = opening.use(this.#readerOf(first));
    this.#reader = reader;
    this.#primed = reader.next();
    this.#first = formOf(this.#primed ? reader.frame : reader.context, source);
    this.#form = this.#first;
    const info = describe(reader.container, reader.codec, reader.context, this.#first, shown.tags);
    const { laterFrames } = this.#links;
    this.info =
      info.announcedFrames === null ? info : { ...info, announcedFrames: info.announcedFrames + laterFrames };
    this.#sampleRate = info.sampleRate;
    this.#most = mostFrames(limits, info.sampleRate, isStream(source));
    this.exactFrames = tellsLength(reader.container) ? info.announcedFrames : null;
    this.#checkLength(this.exactFrames ?? 0);
    opening.move();
  }

  get decodedFrames(): number {
    return Math.round(this.#taken);
  }

  get warnings(): readonly string[] {
    return [...new Set([...this.#notes, ...this.#links.warnings, ...this.#reader.warnings])];
  }

  get damaged(): boolean {
    return this.#damagedBefore || this.#reader.damaged;
  }

  configure(kind: BlockKind, sampleRate: number): void {
    this.#kind = kind;
    this.#sampleRate = sampleRate;
  }

  read(block: Block): number {
    let filled: number;
    try {
      filled = this.#fill(block);
    } catch (error) {
      throw this.#source.change() === null ? error : changed(this.#source.name, error);
    }
    if (filled < block.capacity) this.#judgeSource();
    return filled;
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#queue?.close();
    this.#reader[Symbol.dispose]();
    this.#source[Symbol.dispose]();
  }

  [Symbol.dispose](): void {
    this.close();
  }

  /** FFmpeg takes a file that became shorter for one that ends there. */
  #judgeSource(): void {
    const change = this.#source.change();
    if (change === 'shorter') throw changed(this.#source.name);
    if (change === 'written') {
      this.#notes.add('The file was written to while it was read: what came out may be a mixture.');
    }
  }

  #fill(block: Block): number {
    let filled = 0;
    while (filled < block.capacity) {
      this.#queue ??= this.#openQueue();
      const queue = this.#queue;
      if (queue.mayHoldMore || this.#takeFrames(queue)) {
        filled += this.#converted(queue.pull(block, filled));
        continue;
      }
      const length = Math.round((this.#taken * this.#sampleRate) / this.#first.rate) - this.#queued;
      filled += this.#converted(queue.drain(block, filled, length));
      // Else it is empty, and what follows has another form.
      if (filled === block.capacity || !this.#primed) break;
      this.#changeForm(queue);
    }
    return filled;
  }

  #openQueue(): SampleQueue {
    const to = { layout: this.#first.layout, format: blockFormat(this.#kind), rate: this.#sampleRate };
    return new SampleQueue(this.#form, to);
  }

  /** @returns whether any samples came: none at the end, and none where the next frame has another form */
  #takeFrames(queue: SampleQueue): boolean {
    let taken = 0;
    while (taken < QUEUE_FRAMES) {
      this.#primed ||= this.#nextFrame();
      if (!this.#primed || !this.#feed(queue)) break;
      taken += this.#reader.held;
    }
    return taken > 0;
  }

  /** Moves the frame that is waiting. @returns false where it is of another form, and goes on waiting */
  #feed(queue: SampleQueue): boolean {
    const { frame, held } = this.#reader;
    const { unnamed, layout } = this.#form;
    if (unnamed !== null && sameLayout(frame.channelLayout, unnamed)) {
      frame.channelLayout = layout as ChannelLayout;
    }
    const result = queue.feed(frame);
    if (result === AVERROR_INPUT_CHANGED) return false;
    this.#converted(result);
    this.#primed = false;
    this.#taken += held * (this.#first.rate / this.#form.rate);
    this.#checkLength(this.#taken);
    return true;
  }

  #checkLength(frames: number): void {
    if (frames > this.#most) throw tooLong(this.#source.name, this.#most, this.#first.rate);
  }

  /** Goes on with the form of the frame that is waiting. */
  #changeForm(empty: SampleQueue): void {
    this.#queued += empty.pulled;
    empty.close();
    this.#queue = null;
    const first = this.#first;
    const form = formOf(this.#reader.frame, this.#source);
    const mixes = mustMix(form.layout, first.layout);
    // Where no channel moves, only the names of their places differ.
    this.#form = mixes ? form : { ...form, layout: first.layout, unnamed: this.#reader.frame.channelLayout };
    this.#queue = this.#openQueue();
    if (!this.#feed(this.#queue)) this.#converted(AVERROR_INPUT_CHANGED);
    if (mixes || form.rate !== first.rate || form.format !== first.format) {
      this.#notes.add(
        'Its rate, channels or sample format change in the middle: all of it was decoded as it begins.',
      );
    }
  }

  #nextFrame(): boolean {
    while (!this.#reader.next()) if (!this.#nextLink()) return false;
    return true;
  }

  /** @returns false where there is none any more */
  #nextLink(): boolean {
    for (const warning of this.#reader.warnings) this.#notes.add(warning);
    this.#damagedBefore ||= this.#reader.damaged;
    for (let link = this.#links.next(); link !== null; link = this.#links.next()) {
      try {
        const reader = this.#readerOf(link);
        this.#reader[Symbol.dispose]();
        this.#reader = reader;
        return true;
      } catch (error) {
        if (!isMillpondError(error) || this.info.lossless) throw error;
        this.#notes.add('Parts of the file are no audio that can be read, and were left out.');
        this.#damagedBefore = true;
      }
    }
    return false;
  }

  #readerOf({ source, lastPosition }: Link): FrameReader {
    return new FrameReader({ ...this.#shown, source }, lastPosition);
  }

  #converted(result: number): number {
    return check(
      result,
      'ERR_AUDIO_DECODE',
      () =>
        `Decoded samples convert into a block, got a failure after frame ${this.decodedFrames} of ${jsonText(this.#source.name)}.`,
    );
  }
}

function changed(name: string, cause?: unknown): MillpondError {
  return new MillpondError(
    'ERR_AUDIO_CHANGED',
    `An input stays as it is while it is read, got ${jsonText(name)}, which became shorter, or was written to. Read it again once it is whole.`,
    cause === undefined ? {} : { cause },
  );
}

function sameLayout(one: Layout, other: Layout): boolean {
  return one.nbChannels === other.nbChannels && one.order === other.order && one.mask === other.mask;
}

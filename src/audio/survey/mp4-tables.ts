/**
 * Tables of MP4 that say how many samples there are, in a few bytes or again and again. FFmpeg makes 24 bytes
 * of each sample, or of each 1024 of plain ones, before it looks whether they are there: 4 KB can ask for
 * 4 GiB and minutes. Added up over all tracks; rather too many than too few. Owned by the survey of one file.
 */
import type { TagWork } from './tag-work.ts';
import type { Window } from './window.ts';

/** Of files that are smaller; in others each sample has a byte. */
const MOST_SAMPLES = 4_194_304;
/** Samples that edits take, where they are more than a few. A track has one to three. */
const MOST_EDITED = 8_388_608;
const FREE_EDITS = 4;
/** Behind version and flags. */
const HEAD_BYTES = 4;
/** Plain samples that become one entry. */
const PLAIN_SAMPLES = 1024;
const RUN_HEAD_BYTES = 8;
const STRETCH_BYTES = 12;
const EDIT_BYTES = 12;
const LONG_EDIT_BYTES = 20;

/** A box, between its head and its end. */
interface Contents {
  readonly type: string;
  readonly body: number;
  readonly end: number;
}

export class Mp4Tables {
  readonly #window: Window;
  readonly #work: TagWork;
  #samples = 0;
  #chunks = 0;
  /** Entries that chunks of plain samples become, but those of last stretches; and of one chunk of these. */
  #pieces = 0;
  #lastPieces = 0;
  #edits = 0;
  /** Each sample lasts for one unit, as only plain ones do: then FFmpeg goes by chunks. */
  #plain = true;

  constructor(window: Window, work: TagWork) {
    this.#window = window;
    this.#work = work;
  }

  /** @param box any; those that are no such table are passed over */
  add(box: Contents): void {
    switch (box.type) {
      case 'stsz':
      case 'stz2':
        this.#samples += this.#word(box, 8);
        break;
      case 'trun':
        this.#addRun(box);
        break;
      case 'stts':
        this.#plain &&= this.#word(box, HEAD_BYTES) === 1 && this.#word(box, 12) === 1;
        break;
      case 'stco':
      case 'co64':
        this.#chunks += Math.min(this.#word(box, HEAD_BYTES), box.end - box.body);
        break;
      case 'stsc':
        this.#addStretches(box);
        break;
      case 'elst':
        this.#addEdits(box);
    }
  }

  /** To be called once all boxes were added. */
  judge(): void {
    const most = Math.max(MOST_SAMPLES, this.#window.source.size);
    const pieces = this.#pieces + this.#lastPieces * this.#chunks;
    // Plain ones may be missing at the end, which costs nothing.
    const samples = this.#plain ? 0 : this.#samples;
    const entries = Math.max(samples, pieces);
    if (entries > most) this.#work.giveUp(`its tables claim ${entries} samples`);
    if (this.#edits * entries > MOST_EDITED) this.#work.giveUp(`it has ${this.#edits} edits`);
  }

  /** Samples of a fragment may all be alike, and then they have no bytes in the table. */
  #addRun(box: Contents): void {
    this.#plain = false;
    this.#samples += this.#word(box, HEAD_BYTES);
  }

  /** From which chunk on there are how many samples in each. */
  #addStretches(box: Contents): void {
    let at = box.body + RUN_HEAD_BYTES;
    const count = Math.min(this.#word(box, HEAD_BYTES), Math.floor((box.end - at) / STRETCH_BYTES));
    let [first, pieces] = [0, 0];
    for (let i = 0; i < count; i++, at += STRETCH_BYTES) {
      const stretch = this.#window.view(at, STRETCH_BYTES);
      if (stretch.length < STRETCH_BYTES) break;
      const next = stretch.readUInt32BE(0);
      this.#pieces += Math.max(0, next - first) * pieces;
      first = next;
      pieces = Math.ceil(stretch.readUInt32BE(4) / PLAIN_SAMPLES);
    }
    this.#lastPieces += pieces;
  }

  #addEdits(box: Contents): void {
    const each = this.#word(box, 0) >>> 24 === 1 ? LONG_EDIT_BYTES : EDIT_BYTES;
    const there = Math.floor((box.end - box.body - RUN_HEAD_BYTES) / each);
    const edits = Math.min(this.#word(box, HEAD_BYTES), Math.max(0, there));
    this.#edits += Math.max(0, edits - FREE_EDITS);
  }

  #word({ body }: Contents, at: number): number {
    const bytes = this.#window.view(body + at, 4);
    return bytes.length < 4 ? 0 : bytes.readUInt32BE();
  }
}

/**
 * The cues of WAV and their names, of which FFmpeg makes chapters: it compares each new one with all that are
 * there, unless their numbers rise, and each name as well. Owned by the survey of one file.
 */
import type { Chunk } from './chunks.ts';
import type { TagWork } from './tag-work.ts';
import type { Window } from './window.ts';

const COUNT_BYTES = 4;
const CUE_BYTES = 24;
/** The kind of a list, and of a name: what it is, its length and its cue. */
const KIND_BYTES = 4;
const NAME_HEAD_BYTES = 12;
const LEAST_NAME_BYTES = 5;
/** So many numbers are compared while one letter is. */
const NUMBERS_A_LETTER = 4;

export class Chapters {
  readonly #window: Window;
  readonly #work: TagWork;
  #count = 0;
  #last = -1;
  #rising = true;

  constructor(window: Window, work: TagWork) {
    this.#window = window;
    this.#work = work;
  }

  countCues({ body, bytes }: Chunk): void {
    if (bytes < COUNT_BYTES) return;
    const cues = this.#number(body);
    if (bytes < COUNT_BYTES + cues * CUE_BYTES) return;
    for (let i = 0; i < cues && !this.#work.excessive; i++) {
      const id = this.#number(body + COUNT_BYTES + i * CUE_BYTES);
      this.#rising &&= id > this.#last;
      this.#last = id;
      this.#work.addOther();
      if (!this.#rising) this.#compare();
      this.#count++;
    }
  }

  /** Names stand in a list of their own. */
  countNames({ body, bytes }: Chunk): void {
    const end = body + bytes;
    for (let at = body + KIND_BYTES; this.#count > 0 && at < end && !this.#work.excessive; ) {
      const claimed = this.#number(at + 4);
      if (this.#window.text(at, 4) !== 'labl' || claimed < LEAST_NAME_BYTES) return;
      this.#compare();
      this.#work.addOther();
      const most = claimed - 4;
      at += NAME_HEAD_BYTES;
      at += Math.min(this.#window.untilZero(at, Math.min(most, end - at)) + 1, most);
      at += at % 2;
    }
  }

  #compare(): void {
    this.#work.add(this.#count / NUMBERS_A_LETTER);
  }

  #number(at: number): number {
    const bytes = this.#window.view(at, 4);
    return bytes.length < 4 ? 0 : bytes.readUInt32LE();
  }
}

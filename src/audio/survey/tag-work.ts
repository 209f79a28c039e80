/**
 * How much work FFmpeg has with the tags of a file. It keeps them in lists, compares each new name with all
 * that are there, and copies what it has of a name that comes again: so its time grows with their square, or
 * with their cube where it goes through a list after each few of them. What is counted here is about the
 * letters that are compared; rather too many than too few. Owned by the survey of one file.
 */

/**
 * As much as 3660 names of ten letters make: 0.2 s of FFmpeg reading them, and about as much again on their
 * way into the output.
 */
const MOST_WORK = 2 ** 26;

/** 100 of them fit in. FFmpeg makes a stream of each, and refuses a file with more than 1000. */
const PICTURE_WORK = Math.floor(MOST_WORK / 100);
/** Something else that FFmpeg reads and leaves: 0.1 us and more. */
const OTHER_WORK = 256;
/** Of each tag, however short its name is. */
const EACH_WORK = 32;
/** Copying is so much quicker than comparing. */
const COPIED_BYTES = 8;
/** Of all texts together that FFmpeg allocates as they claim. People write no comments of 16 MiB. */
const MOST_TEXT_BYTES = 16 * 1024 * 1024;
/** Of what sets up a codec, which nearly always has less than a hundred. */
const MOST_SET_UP_BYTES = 1024 * 1024;
/** Names that begin alike and go on beyond this count as one where values are added up. */
const MOST_NAME_LETTERS = 64;

export class TagWork {
  readonly #most: number;
  #done = 0;
  #textBytes = 0;
  #fault: string | null = null;

  /** @param share of what FFmpeg may have to do */
  constructor(share = 1) {
    this.#most = MOST_WORK * share;
  }

  /** Why FFmpeg must not begin, for the user; `null` where it may. */
  get fault(): string | null {
    if (this.#fault !== null || this.#done <= this.#most) return this.#fault;
    return 'there are too many of them, or their names are too long';
  }

  /** There is a {@link fault}: nothing more need be counted. */
  get excessive(): boolean {
    return this.#fault !== null || this.#done > this.#most;
  }

  add(work: number): void {
    this.#done += work;
  }

  addPicture(): void {
    this.#done += PICTURE_WORK;
  }

  addOther(): void {
    this.#done += OTHER_WORK;
  }

  /** A text of a kind that FFmpeg allocates before it looks whether there is so much. */
  addText(bytes: number): void {
    this.#textBytes += bytes;
    if (this.#textBytes > MOST_TEXT_BYTES) this.giveUp(`one claims ${bytes} bytes`);
  }

  /** What sets up a codec, allocated like a text. */
  addSetUp(bytes: number): void {
    if (bytes > MOST_SET_UP_BYTES) this.giveUp(`what sets up the codec claims ${bytes} bytes`);
  }

  /** For what can't be counted, and is in no file that is meant to be played. The first fault stays. */
  giveUp(fault: string): void {
    this.#fault ??= fault;
  }
}

/** One of FFmpeg's lists, such as that of a file, or of a track. */
export class TagList {
  readonly #work: TagWork;
  readonly #valueBytes = new Map<string, number>();
  #tags = 0;
  #nameBytes = 0;

  constructor(work: TagWork) {
    this.#work = work;
  }

  /** @param name its letters, or the first of them: `nameBytes` are how many it has */
  add(name: string, nameBytes: number, valueBytes: number): void {
    const key = name.slice(0, MOST_NAME_LETTERS).toLowerCase();
    const before = this.#valueBytes.get(key) ?? 0;
    this.#work.add(this.#nameBytes + before / COPIED_BYTES + EACH_WORK);
    this.#tags++;
    this.#nameBytes += nameBytes;
    this.#valueBytes.set(key, before + valueBytes);
  }

  /** FFmpeg goes through all names once more, and compares each with the others. */
  goThrough(): void {
    this.#work.add((this.#nameBytes * this.#tags) / 2 + 1);
  }
}

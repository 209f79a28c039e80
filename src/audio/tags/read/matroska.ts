/** The tags of Matroska and WebM: tags by what they are about, attached pictures, and chapters. */

import { jsonText, shortened } from '../../../text/escaping.ts';
import { numberAt } from '../../survey/matroska.ts';
import type { Window } from '../../survey/window.ts';
import { keyOf } from '../table.ts';
import type { Gathering } from './gathering.ts';
import { addNamed } from './named.ts';
import { claimsTooMuch } from './picture-block.ts';
import { sliceOf } from './tag-window.ts';

const SEGMENT = 0x18538067;
const SEEK_HEAD = 0x114d9b74;
const SEEK = 0x4dbb;
const SEEK_ID = 0x53ab;
const SEEK_POSITION = 0x53ac;
const INFO = 0x1549a966;
const INFO_TITLE = 0x7ba9;
const TRACKS = 0x1654ae6b;
const TRACK = 0xae;
const TRACK_UID = 0x73c5;
const TRACK_TYPE = 0x83;
const AUDIO = 2;
const CLUSTER = 0x1f43b675;

const TAGS = 0x1254c367;
const TAG = 0x7373;
const TARGETS = 0x63c0;
const TARGET_LEVEL = 0x68ca;
const TARGET_TRACK = 0x63c5;
/** What a tag may be about beside a track: an edition, a chapter, an attachment. */
const TARGET_OTHERS: ReadonlySet<number> = new Set([0x63c9, 0x63c4, 0x63c6]);
const SIMPLE_TAG = 0x67c8;
const TAG_NAME = 0x45a3;
const TAG_TEXT = 0x4487;
const TAG_LANGUAGE = 0x447a;
const TAG_BINARY = 0x4485;

const ATTACHMENTS = 0x1941a469;
const ATTACHED_FILE = 0x61a7;
const FILE_NAME = 0x466e;
const FILE_MIME = 0x4660;
const FILE_DATA = 0x465c;
const FILE_DESCRIPTION = 0x467e;

const CHAPTERS = 0x1043a770;
const EDITION = 0x45b9;
const CHAPTER = 0xb6;
const CHAPTER_START = 0x91;
const CHAPTER_END = 0x92;
const CHAPTER_HIDDEN = 0x98;
const CHAPTER_DISPLAY = 0x80;
const CHAPTER_TEXT = 0x85;
const NANOSECONDS_A_MS = 1e6;

const HEAD_BYTES = 12;
/** Of clusters and all else; each takes 1 us. */
const MOST_ELEMENTS = 200_000;
const MOST_TEXT_BYTES = 1024 * 1024;
const MOST_DEPTH = 8;
/** Letters of a name in a note. */
const MOST_SHOWN = 100;

/** What muxers count of a track, where they list it nowhere. */
const STATISTICS: readonly string[] = ['BPS', 'DURATION', 'NUMBER_OF_FRAMES', 'NUMBER_OF_BYTES'];

interface Element {
  readonly id: number;
  readonly body: number;
  readonly end: number;
}

/** What holds tags, wherever it is in the file. */
const NOTABLE: ReadonlySet<number> = new Set([INFO, TRACKS, TAGS, ATTACHMENTS, CHAPTERS]);

export function readMatroska(window: Window, into: Gathering): void {
  const reader = new Reader(window, into);
  reader.run();
}

class Reader {
  readonly #window: Window;
  readonly #into: Gathering;
  #left = MOST_ELEMENTS;

  constructor(window: Window, into: Gathering) {
    this.#window = window;
    this.#into = into;
  }

  run(): void {
    const segment = this.#first({ id: 0, body: 0, end: this.#window.source.size }, SEGMENT);
    if (segment === null) return;
    const found = this.#notable(segment);
    const all = (id: number) => found.filter((element) => element.id === id);
    const [uid] = all(TRACKS).flatMap((tracks) => this.#audioTracks(tracks));
    for (const tags of all(TAGS)) this.#readTags(tags, uid);
    this.#into.beginLesser();
    for (const info of all(INFO)) {
      const title = this.#textOf(this.#first(info, INFO_TITLE));
      if (title !== '') this.#into.addField({ key: 'TITLE', value: title });
    }
    for (const attachments of all(ATTACHMENTS)) this.#readAttachments(attachments);
    for (const chapters of all(CHAPTERS)) this.#readChapters(chapters);
  }

  /** By the list of where they are, if there is one; otherwise by going through all. */
  #notable(segment: Element): Element[] {
    const found = new Map<number, Element>();
    for (const element of this.#within(segment)) {
      if (NOTABLE.has(element.id)) found.set(element.body, element);
      if (element.id === SEEK_HEAD) {
        for (const position of this.#positions(element)) {
          const other = this.#elementAt(segment.body + position, segment.end);
          if (other !== null && NOTABLE.has(other.id)) found.set(other.body, other);
        }
      }
      const listed = [...found.values()].some(({ id }) => id === TAGS);
      if (element.id === CLUSTER && listed) break;
    }
    return [...found.values()];
  }

  #positions(seekHead: Element): number[] {
    return [...this.#within(seekHead)]
      .filter(({ id }) => id === SEEK)
      .flatMap((seek) => {
        const wanted = this.#numberOf(this.#first(seek, SEEK_ID));
        const position = this.#numberOf(this.#first(seek, SEEK_POSITION));
        return wanted !== null && position !== null && NOTABLE.has(wanted) ? [position] : [];
      });
  }

  #audioTracks(tracks: Element): number[] {
    return [...this.#within(tracks)]
      .filter((track) => track.id === TRACK && this.#numberOf(this.#first(track, TRACK_TYPE)) === AUDIO)
      .map((track) => this.#numberOf(this.#first(track, TRACK_UID)) ?? 0);
  }

  /** @param uid of the track that is decoded */
  #readTags(tags: Element, uid: number | undefined): void {
    for (const tag of this.#within(tags)) {
      if (tag.id !== TAG) continue;
      const inner = [...this.#within(tag)];
      const targets = inner.find(({ id }) => id === TARGETS);
      const about = targets === undefined ? [] : [...this.#within(targets)];
      const tracks = about.filter(({ id }) => id === TARGET_TRACK).map((track) => this.#numberOf(track));
      const other = about.some((target) => TARGET_OTHERS.has(target.id) && this.#numberOf(target) !== 0);
      const ofTrack = tracks.some((track) => track !== 0);
      if (other) this.#into.note('Tags of chapters, editions and attachments were left out.');
      if (other || (ofTrack && !tracks.includes(uid ?? 0))) continue;
      const level = this.#numberOf(about.find(({ id }) => id === TARGET_LEVEL) ?? null);
      const simple = inner.filter(({ id }) => id === SIMPLE_TAG);
      for (const each of simple)
        this.#readSimple(each, { level, parent: '', not: ofTrack ? STATISTICS : [] }, 0);
    }
  }

  #readSimple(simple: Element, about: About, depth: number): void {
    if (depth > MOST_DEPTH || this.#into.full) return;
    const inner = [...this.#within(simple)];
    const child = (wanted: number) => this.#textOf(inner.find(({ id }) => id === wanted) ?? null);
    const name = child(TAG_NAME);
    const value = child(TAG_TEXT);
    const language = child(TAG_LANGUAGE);
    const key = name.toUpperCase();
    if (inner.some(({ id }) => id === TAG_BINARY)) {
      this.#into.note(`${jsonText(shortened(name, MOST_SHOWN))} was left out: it is no text.`);
    }
    if (name !== '' && value !== '' && !about.not.includes(key)) {
      this.#add(about, name, value, /^[a-z]{3}$/.test(language) && language !== 'und' ? { language } : {});
    }
    const within = { ...about, parent: about.parent === '' ? name : `${about.parent}/${name}` };
    for (const deeper of inner) if (deeper.id === SIMPLE_TAG) this.#readSimple(deeper, within, depth + 1);
  }

  #add({ level, parent }: About, name: string, value: string, extra: { language?: string }): void {
    const own = parent === '' ? name : `${parent}/${name}`;
    const leveled = level === null ? own : `${level}:${own}`;
    const known = keyOf('matroska', leveled) !== undefined ? leveled : own;
    // Else it would be taken for the track's own.
    const otherwise = parent === '' ? name : own;
    addNamed(
      this.#into,
      { family: 'matroska', name: SORTED[known] ?? known, otherwise },
      value,
      isRemark(name) ? extra : {},
    );
  }

  #readAttachments(attachments: Element): void {
    for (const file of this.#within(attachments)) {
      if (file.id !== ATTACHED_FILE) continue;
      const mime = this.#textOf(this.#first(file, FILE_MIME));
      const data = this.#first(file, FILE_DATA);
      const name = this.#textOf(this.#first(file, FILE_NAME));
      if (!mime.startsWith('image/') || data === null) {
        this.#into.note(
          `An attachment was left out: ${jsonText(shortened(name, MOST_SHOWN))} is no picture.`,
        );
        continue;
      }
      const size = data.end - data.body;
      if (data.end > this.#window.source.size) {
        this.#into.note(claimsTooMuch(size));
        continue;
      }
      this.#into.addPicture({
        type: /^cover\b/i.test(name) ? 3 : 0,
        mime,
        description: this.#textOf(this.#first(file, FILE_DESCRIPTION)),
        bytes: sliceOf(this.#window.source, data.body, size),
      });
    }
  }

  /** Of the first edition: others are another order of the same. */
  #readChapters(chapters: Element): void {
    const [edition, ...others] = [...this.#within(chapters)].filter(({ id }) => id === EDITION);
    if (edition === undefined) return;
    if (others.length > 0) this.#into.note('Chapters of other editions than the first were left out.');
    for (const chapter of this.#within(edition)) {
      if (chapter.id !== CHAPTER || this.#numberOf(this.#first(chapter, CHAPTER_HIDDEN)) === 1) continue;
      if (this.#first(chapter, CHAPTER) !== null) this.#into.note('Chapters within others were left out.');
      const display = this.#first(chapter, CHAPTER_DISPLAY);
      const start = this.#numberOf(this.#first(chapter, CHAPTER_START)) ?? 0;
      const end = this.#numberOf(this.#first(chapter, CHAPTER_END));
      this.#into.addChapter({
        startMs: start / NANOSECONDS_A_MS,
        endMs: end === null ? null : end / NANOSECONDS_A_MS,
        title: display === null ? '' : this.#textOf(this.#first(display, CHAPTER_TEXT)),
      });
    }
  }

  #first(within: Element, id: number): Element | null {
    for (const element of this.#within(within)) if (element.id === id) return element;
    return null;
  }

  *#within({ body, end }: Element): Generator<Element> {
    for (let at = body; at < end; ) {
      const element = this.#elementAt(at, end);
      if (element === null || this.#left-- <= 0) return;
      yield element;
      at = element.end;
    }
  }

  #elementAt(at: number, most: number): Element | null {
    const head = this.#window.view(at, HEAD_BYTES);
    const id = numberAt(head, 0, 4);
    const size = id === null ? null : numberAt(head, id.bytes, 8);
    if (id === null || size === null) return null;
    const body = at + id.bytes + size.bytes;
    // All ones are "nobody knows".
    const open = size.value === 2 ** (7 * size.bytes) - 1;
    return { id: id.value + 2 ** (7 * id.bytes), body, end: open ? most : body + size.value };
  }

  #textOf(element: Element | null): string {
    if (element === null) return '';
    const size = element.end - element.body;
    if (size > MOST_TEXT_BYTES) {
      this.#into.note(`A tag was left out: it has over ${MOST_TEXT_BYTES} bytes.`);
      return '';
    }
    const bytes = Buffer.alloc(size);
    return bytes.toString('utf8', 0, this.#window.source.read(bytes, element.body)).replace(/\0.*$/s, '');
  }

  /** `null` where there is none. */
  #numberOf(element: Element | null): number | null {
    if (element === null) return null;
    const size = element.end - element.body;
    const bytes = size > 8 ? Buffer.alloc(0) : this.#window.view(element.body, size);
    return bytes.reduce((sum, byte) => sum * 256 + byte, 0);
  }
}

interface About {
  /** `null` where a tag does not say. */
  readonly level: number | null;
  /** The names of those that it is within. */
  readonly parent: string;
  /** Names that are not about the music. */
  readonly not: readonly string[];
}

/** What stands within another tag, and is what others have a field for. */
const SORTED: Readonly<Record<string, string>> = {
  'ARTIST/SORT_WITH': 'ARTISTSORT',
  'TITLE/SORT_WITH': 'TITLESORT',
  'COMPOSER/SORT_WITH': 'COMPOSERSORT',
};

function isRemark(name: string): boolean {
  return /^(?:COMMENT|LYRICS)$/i.test(name);
}

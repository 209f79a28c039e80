/**
 * What was read of the tags of one file so far, within bounds: what is beyond them is left out with a note.
 * Owned by whoever reads that file.
 */
import { tagsLeftOut } from '../../survey/left-out.ts';
import { TagList, TagWork } from '../../survey/tag-work.ts';
import type { AudioTags, NativeTag, TagBytes, TagChapter, TagField, TagPicture } from '../model.ts';
import { fieldOf } from '../table.ts';

const SIGNATURE_BYTES = 12;
/** For tags that don't say what a picture is. */
const IMAGES = [
  { mime: 'image/jpeg', mark: /^\xff\xd8\xff/ },
  { mime: 'image/png', mark: /^\x89PNG/ },
  { mime: 'image/gif', mark: /^GIF8/ },
  { mime: 'image/webp', mark: /^RIFF....WEBP/s },
  { mime: 'image/bmp', mark: /^BM/ },
];
const MOST_NATIVES = 1000;
/** 49 days, which is what ID3 has bits for. */
const MOST_MS = 0xffff_ffff;
/** Chapters may become two comments each. */
const CHAPTER_NAMES = ['CHAPTER001', 'CHAPTER001NAME'];

/** About the file that they came in, and wrong in another. */
const TECHNICAL: ReadonlySet<string> = new Set([
  ...['ENCODER', 'ENCODERSETTINGS', 'ENCODER_OPTIONS', 'MAJOR_BRAND', 'MINOR_VERSION', 'COMPATIBLE_BRANDS'],
  ...['HANDLER_NAME', 'VENDOR_ID', 'DURATION', 'ITUNSMPB', 'ITUNES_CDDB_TRACKNUMBER', 'REPLAYGAIN_UNDO'],
]);
const TECHNICAL_START = /^(?:ID3V2_PRIV\.|MP3GAIN_|WAVEFORMATEXTENSIBLE|_STATISTICS_)/;
/** mkvmerge names here all that it counted, and so does what copies its tags into other containers. */
const STATISTICS = '_STATISTICS_TAGS';

export class Gathering {
  readonly #fields: TagField[] = [];
  readonly #pictures: TagPicture[] = [];
  readonly #chapters: TagChapter[] = [];
  readonly #natives: NativeTag[] = [];
  readonly #notes = new Set<string>();
  /** Keys that tags of another kind have said already. */
  readonly #said = new Set<string>();
  /** Of the fields, those whose keys count as said. */
  #before = 0;
  #saidPictures = false;
  #saidChapters = false;
  readonly #statistics = new Set<string>();
  /** What an output has of its own comes on top, and all of it has to be read again. */
  readonly #work = new TagWork(0.5);
  readonly #list = new TagList(this.#work);

  /** What was left out, for the user. */
  get notes(): readonly string[] {
    return [...this.#notes];
  }

  note(text: string): void {
    this.#notes.add(text);
  }

  /** What comes now is of a lesser kind: it counts where nothing was said before. */
  beginLesser(): void {
    for (const { key } of this.#fields.slice(this.#before)) this.#said.add(sameKey(key));
    this.#before = this.#fields.length;
    this.#saidPictures = this.#pictures.length > 0;
    this.#saidChapters = this.#chapters.length > 0;
  }

  addField(field: TagField): void {
    const key = field.key.toUpperCase();
    if (withoutLanguage(key) === STATISTICS) {
      for (const name of field.value.toUpperCase().split(' ')) this.#statistics.add(name);
    }
    if (TECHNICAL.has(key) || TECHNICAL_START.test(key)) return;
    if (field.key === '') {
      if (field.value !== '') this.note('A field was left out: it has no name.');
      return;
    }
    if (this.#said.has(sameKey(key))) return;
    const bytes = Buffer.byteLength(field.value);
    const named = field.description === undefined ? field.key : `${field.key}:${field.description}`;
    this.#list.add(named, named.length, bytes);
    this.#work.addText(bytes);
    if (this.#hasRoom()) this.#fields.push(field);
  }

  /** Whatever comes is left out. */
  get full(): boolean {
    return this.#work.excessive;
  }

  addPicture(picture: TagPicture): void {
    if (this.#saidPictures) return;
    this.#work.addPicture();
    if (!this.#hasRoom()) return;
    this.#pictures.push(picture.mime === '' ? { ...picture, mime: mimeOf(picture.bytes) } : picture);
  }

  addChapter(chapter: TagChapter): void {
    if (this.#saidChapters) return;
    if (!(chapter.startMs <= MOST_MS)) {
      this.note('A chapter was left out: it begins after more than 49 days.');
      return;
    }
    for (const name of CHAPTER_NAMES) this.#list.add(name, name.length, chapter.title.length);
    const { startMs, endMs } = chapter;
    const ends = endMs !== null && endMs >= startMs && endMs <= MOST_MS;
    if (this.#hasRoom()) this.#chapters.push({ ...chapter, endMs: ends ? endMs : null });
  }

  addNative(native: NativeTag): void {
    if (this.#natives.length === MOST_NATIVES) this.#work.giveUp('there are too many of them');
    if (this.#hasRoom()) this.#natives.push(native);
  }

  addAll({ fields, pictures, chapters, natives }: AudioTags): void {
    for (const field of fields) this.addField(field);
    for (const picture of pictures) this.addPicture(picture);
    for (const chapter of chapters) this.addChapter(chapter);
    for (const native of natives) this.addNative(native);
  }

  #hasRoom(): boolean {
    const { fault } = this.#work;
    if (fault !== null) this.note(tagsLeftOut(fault));
    return fault === null;
  }

  end(): AudioTags {
    return {
      fields: this.#fields.filter(({ key }) => !this.#statistics.has(withoutLanguage(key.toUpperCase()))),
      pictures: this.#pictures,
      chapters: this.#chapters.sort((one, other) => one.startMs - other.startMs),
      natives: this.#natives,
    };
  }
}

/** As the first bytes say. */
function mimeOf(bytes: TagBytes): string {
  const head = Buffer.alloc(SIGNATURE_BYTES);
  const text = head.toString('latin1', 0, bytes.read(head, 0));
  return IMAGES.find(({ mark }) => mark.test(text))?.mime ?? '';
}

/** A name may have the language that its tag is in behind it: `BPS-eng`. */
function withoutLanguage(key: string): string {
  return key.replace(/-[A-Z]{2,3}$/, '');
}

function sameKey(key: string): string {
  return fieldOf(key)?.key ?? key.toUpperCase();
}

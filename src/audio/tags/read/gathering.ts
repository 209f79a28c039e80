/**
 * What was read of the tags of one file so far, within bounds: what is beyond them is left out with a note.
 * Owned by whoever reads that file.
 */
import type { AudioTags, NativeTag, TagChapter, TagField, TagPicture } from '../model.ts';
import { fieldOf } from '../table.ts';

/** Nobody has as many; they cost a few MiB at the most. */
const MOST_FIELDS = 4096;
const MOST_CHAPTERS = 4096;
const MOST_PICTURES = 100;
const MOST_NATIVES = 1000;
/** Of all values together. */
const MOST_TEXT_BYTES = 16 * 1024 * 1024;

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
  #said: ReadonlySet<string> = new Set();
  #saidPictures = false;
  readonly #statistics = new Set<string>();
  #textBytes = 0;

  /** What was left out, for the user. */
  get notes(): readonly string[] {
    return [...this.#notes];
  }

  note(text: string): void {
    this.#notes.add(text);
  }

  /** What comes now is of a lesser kind: it counts where nothing was said before. */
  beginLesser(): void {
    this.#said = new Set(this.#fields.map(({ key }) => sameKey(key)));
    this.#saidPictures = this.#pictures.length > 0;
  }

  addField(field: TagField): void {
    const key = field.key.toUpperCase();
    if (withoutLanguage(key) === STATISTICS) {
      for (const name of field.value.toUpperCase().split(' ')) this.#statistics.add(name);
    }
    if (field.key === '' || TECHNICAL.has(key) || TECHNICAL_START.test(key)) return;
    if (this.#said.has(sameKey(key))) return;
    this.#textBytes += field.value.length;
    if (this.#fields.length >= MOST_FIELDS) this.note(`Tags were left out: there are over ${MOST_FIELDS}.`);
    else if (this.#textBytes > MOST_TEXT_BYTES) this.note('Tags were left out: they are too long.');
    else this.#fields.push(field);
  }

  /** Tags of the same kind come again later. */
  get full(): boolean {
    return this.#fields.length >= MOST_FIELDS || this.#textBytes > MOST_TEXT_BYTES;
  }

  addPicture(picture: TagPicture): void {
    if (this.#saidPictures) return;
    if (this.#pictures.length < MOST_PICTURES) this.#pictures.push(picture);
    else this.note(`Pictures were left out: there are over ${MOST_PICTURES}.`);
  }

  addChapter(chapter: TagChapter): void {
    if (this.#chapters.length < MOST_CHAPTERS) this.#chapters.push(chapter);
    else this.note(`Chapters were left out: there are over ${MOST_CHAPTERS}.`);
  }

  addNative(native: NativeTag): void {
    if (this.#natives.length < MOST_NATIVES) this.#natives.push(native);
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

/** A name may have the language that its tag is in behind it: `BPS-eng`. */
function withoutLanguage(key: string): string {
  return key.replace(/-[A-Z]{2,3}$/, '');
}

function sameKey(key: string): string {
  return fieldOf(key)?.key ?? key.toUpperCase();
}

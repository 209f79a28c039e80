/**
 * ID3v2.4: frames in the order of the fields, text as UTF-8, of several values each behind a zero. What a
 * frame has no place for is a `TXXX` of the field's own name. Pure.
 */
import { formatBytes } from '../../../bytes.ts';
import type { AudioTags, TagBytes, TagChapter, TagField } from '../model.ts';
import { genresOf } from '../read/genres.ts';
import { fieldOf } from '../table.ts';
import { big32 } from './bytes.ts';
import { byName, type NamedFields } from './fields.ts';
import { numbered } from './numbered.ts';
import { joined, type Piece } from './pieces.ts';

const HEAD_BYTES = 10;
/** Of a tag and of a frame: 28 bits. */
const MOST_BYTES = 0xfff_ffff;
const UTF8 = 3;
const NO_LANGUAGE = 'XXX';
/** Bytes that stand for something, up to 64. */
const IDENTIFIER = /^[!-~]{1,64}$/;
/** Without an encoding of its own. */
const ADDRESS = /^[ -~\xa0-\xff]+$/;
/** Its numbers are comments, described by their names, in English. */
const ITUNES = /^iTun/i;
/** iTunes' mark of a podcast. */
const IS_PODCAST = Buffer.alloc(4);
const ZERO = Buffer.from([0]);
/** A table of contents names so many chapters at the most, or tables. */
const MOST_ENTRIES = 255;
const ORDERED = 1;
const TOP_LEVEL = 2;
/** Chapters may have places in bytes, too, which count instead of times unless they are these. */
const NO_OFFSET = 0xffff_ffff;

interface Id3 {
  readonly bytes: TagBytes;
  readonly notes: readonly string[];
}

interface Id3Options {
  /** Of the sound; `null` where it is not known before it is written. */
  readonly durationMs: number | null;
  readonly paddingBytes: number;
}

export function id3(tags: AudioTags, { durationMs, paddingBytes }: Id3Options): Id3 {
  const notes: string[] = [];
  const frames: Piece[] = [];
  let size = paddingBytes;
  const add = (name: string, body: Piece): void => {
    const bytes = body instanceof Uint8Array ? body.length : body.size;
    if (size + HEAD_BYTES + bytes > MOST_BYTES) {
      notes.push(
        `A ${name} of ${formatBytes(bytes)} was left out: ID3 holds ${formatBytes(MOST_BYTES)} at the most.`,
      );
      return;
    }
    size += HEAD_BYTES + bytes;
    frames.push(frameHead(name, bytes), body);
  };
  for (const [name, body] of fieldFrames(tags.fields)) add(name, body);
  const unended = endingEmpty(tags.fields);
  if (unended.length > 0) {
    notes.push(`Empty values behind others of ${unended.join(', ')} were left out: in ID3 they are its end.`);
  }
  for (const { key, value } of tags.fields) {
    const read = key.toUpperCase() === 'GENRE' ? genresOf(value).join(', ') : value;
    if (read !== value) notes.push(`GENRE '${value}' is '${read}' there: in ID3 numbers stand for genres.`);
  }
  for (const { type, mime, description, bytes } of tags.pictures) {
    const head = [
      Buffer.from([UTF8]),
      Buffer.from(mime, 'latin1'),
      ZERO,
      Buffer.from([type]),
      terminated(description),
    ];
    add('APIC', joined([Buffer.concat(head), bytes]));
  }
  for (const { family, name, bytes } of tags.natives) if (family === 'id3') add(name, bytes);
  for (const [name, body] of chapterFrames(tags.chapters, durationMs)) add(name, body);
  const head = Buffer.from([0x49, 0x44, 0x33, 4, 0, 0, ...sevenBits(size)]);
  return { bytes: joined([head, ...frames, Buffer.alloc(paddingBytes)]), notes };
}

type Frame = readonly [name: string, body: Buffer];

function fieldFrames(fields: readonly TagField[]): Frame[] {
  const { named } = byName(fields, 'id3', (key) => (ITUNES.test(key) ? 'COMM' : `TXXX:${key}`));
  const frames: Frame[] = [];
  const people = { TIPL: [] as string[], TMCL: [] as string[] };
  for (const { name, fields: same } of named) {
    const [id, detail = ''] = split(name);
    if (id === 'TIPL') for (const { value } of same) people.TIPL.push(detail, value);
    else if (id === 'TMCL') for (const { value } of same) people.TMCL.push(...instrumentAndName(value));
    else frames.push(...framesOf(id, detail, same, named));
  }
  for (const [id, list] of Object.entries(people)) if (list.length > 0) frames.push([id, texts(list)]);
  return frames;
}

function framesOf(
  id: string,
  detail: string,
  fields: readonly TagField[],
  all: readonly NamedFields[],
): Frame[] {
  const values = fields.map(({ value }) => value);
  if (id === 'TXXX') return [[id, texts([detail, ...values])]];
  if (id === 'COMM') return comments(fields).map((body) => [id, body]);
  if (id === 'USLT') return lyrics(fields).map((body) => [id, body]);
  if (id === 'UFID') {
    const [first, ...others] = values;
    if (!IDENTIFIER.test(first)) return ownName(fields);
    const identifier: Frame = [id, Buffer.concat([Buffer.from(detail, 'latin1'), ZERO, Buffer.from(first)])];
    return others.length === 0 ? [identifier] : [identifier, ...ownName(fields.slice(1))];
  }
  if (id === 'PCST') return values.join() === '1' ? [[id, IS_PODCAST]] : ownName(fields);
  if (id.startsWith('W')) {
    if (!values.every((value) => ADDRESS.test(value))) return ownName(fields);
    return values.map((value) => [id, Buffer.from(value, 'latin1')]);
  }
  if (detail.startsWith('/')) {
    const [numbers, totals] = [1, 2].map(
      (part) => all.find(({ name }) => name === `${id}/${part}`)?.fields ?? [],
    );
    return detail === '/1' || numbers.length === 0 ? withTotal(id, numbers, totals) : [];
  }
  return [[id, texts(values)]];
}

/** What a frame of its own has no place for. */
function ownName(fields: readonly TagField[]): Frame[] {
  return fields.length === 0 ? [] : [['TXXX', texts([fields[0].key, ...fields.map(({ value }) => value)])]];
}

/** `TXXX:name` and `TRCK/1` are in two parts. */
function split(name: string): [id: string, detail?: string] {
  const [id, detail] = [name.slice(0, 4), name.slice(4)];
  return [id, detail.startsWith(':') ? detail.slice(1) : detail];
}

function withTotal(id: string, numbers: readonly TagField[], totals: readonly TagField[]): Frame[] {
  const fits = (text: string) => text !== '' && !text.includes('/');
  const { number, total, left } = numbered(numbers, totals, fits);
  const both = total === '' ? number : `${number}/${total}`;
  const others = [...Map.groupBy(left, ({ key }) => key).values()].flatMap(ownName);
  return both === '' ? others : [[id, texts([both])], ...others];
}

/** Keys of several values of which the last is empty, where all of them are in one frame. */
function endingEmpty(fields: readonly TagField[]): string[] {
  const inOneFrame = fields.filter(({ key }) => !/^(?:LYRICS|PERFORMER)$/i.test(key));
  const frames = Map.groupBy(inOneFrame, ({ key, language, description }) =>
    [fieldOf(key)?.key ?? key.toUpperCase(), language, description].join('\0'),
  );
  const ending = [...frames.values()].filter((same) => same.length > 1 && same.at(-1)?.value === '');
  return [...new Set(ending.map(([{ key }]) => key))];
}

/** As Picard has it: `Someone (piano)`. */
function instrumentAndName(performer: string): [string, string] {
  const [, name, instrument] = /^(.+) \(([^()]+)\)$/.exec(performer) ?? [];
  return name === undefined ? ['', performer] : [instrument, name];
}

/** Of one language and description only one may be there, so it has all their values. */
function comments(fields: readonly TagField[]): Buffer[] {
  const described = fields.map((field) =>
    ITUNES.test(field.key) ? { ...field, language: 'eng', description: field.key } : field,
  );
  const kinds = Map.groupBy(
    described,
    ({ language, description }) => `${languageOf(language)}${description ?? ''}`,
  );
  return [...kinds].map(([kind, same]) =>
    Buffer.concat([
      Buffer.from([UTF8]),
      Buffer.from(kind.slice(0, 3), 'latin1'),
      terminated(kind.slice(3)),
      Buffer.from(same.map(({ value }) => withoutZeros(value)).join('\0')),
    ]),
  );
}

/** These have one value, so further ones get a description that tells them apart. */
function lyrics(fields: readonly TagField[]): Buffer[] {
  const seen = new Set<string>();
  return fields.map(({ value, language, description = '' }) => {
    let name = description;
    for (let count = 2; seen.has(`${languageOf(language)}${name}`); count++)
      name = `${description} ${count}`.trim();
    seen.add(`${languageOf(language)}${name}`);
    const head = [Buffer.from([UTF8]), Buffer.from(languageOf(language), 'latin1'), terminated(name)];
    return Buffer.concat([...head, Buffer.from(withoutZeros(value))]);
  });
}

function languageOf(language = NO_LANGUAGE): string {
  return /^[a-z]{3}$/i.test(language) ? language : NO_LANGUAGE;
}

function chapterFrames(chapters: readonly TagChapter[], durationMs: number | null): Frame[] {
  if (chapters.length === 0) return [];
  const names = chapters.map((_, at) => `chp${at}`);
  const frames = chapters.map(({ startMs, endMs, title }, at): Frame => {
    const end = endMs ?? chapters[at + 1]?.startMs ?? durationMs ?? startMs;
    const times = [Math.round(startMs), Math.round(Math.max(startMs, end)), NO_OFFSET, NO_OFFSET].map(big32);
    const text = texts([title]);
    return ['CHAP', Buffer.concat([terminated(names[at]), ...times, frameHead('TIT2', text.length), text])];
  });
  if (names.length <= MOST_ENTRIES) return [contents('toc', names, TOP_LEVEL), ...frames];
  const parts: Frame[] = [];
  for (let at = 0; at < names.length; at += MOST_ENTRIES) {
    parts.push(contents(`toc${parts.length}`, names.slice(at, at + MOST_ENTRIES), 0));
  }
  const tables = parts.slice(0, MOST_ENTRIES).map((_, at) => `toc${at}`);
  return [contents('toc', tables, TOP_LEVEL), ...parts, ...frames];
}

function contents(name: string, entries: readonly string[], flags: number): Frame {
  return [
    'CTOC',
    Buffer.concat([
      terminated(name),
      Buffer.from([flags | ORDERED, entries.length]),
      ...entries.map(terminated),
    ]),
  ];
}

function frameHead(name: string, size: number): Buffer {
  return Buffer.from([...Buffer.from(name, 'latin1'), ...sevenBits(size), 0, 0]);
}

/** In UTF-8, a zero between one and the next. */
function texts(values: readonly string[]): Buffer {
  return Buffer.concat([Buffer.from([UTF8]), Buffer.from(values.map(withoutZeros).join('\0'))]);
}

function terminated(text: string): Buffer {
  return Buffer.from(`${withoutZeros(text)}\0`);
}

/** They end a text. */
function withoutZeros(text: string): string {
  return text.replaceAll('\0', '');
}

function sevenBits(value: number): number[] {
  return [21, 14, 7, 0].map((shift) => (value >> shift) & 0x7f);
}

/** What frames of ID3v2 say. */
import type { TagField } from '../model.ts';
import { keyOf } from '../table.ts';
import type { Gathering } from './gathering.ts';
import { genresOf } from './genres.ts';
import { behindText, textAt, textEnd, valuesOf } from './id3-text.ts';
import { framesIn, type Id3Frame } from './id3-walk.ts';
import { addNamed } from './named.ts';
import { sliceOf, TagWindow } from './tag-window.ts';

const MOST_TEXT_BYTES = 4 * 1024 * 1024;
/** In front of a picture: its kind and its description. */
const MOST_PICTURE_HEAD_BYTES = 65_536;
const LANGUAGE_BYTES = 3;
const MUSICBRAINZ = 'http://musicbrainz.org';

/** Frames of version 2 as version 4 calls them. */
const OLD: Readonly<Record<string, string>> = {
  ...{ TT1: 'TIT1', TT2: 'TIT2', TT3: 'TIT3', TP1: 'TPE1', TP2: 'TPE2', TP3: 'TPE3', TP4: 'TPE4' },
  ...{ TAL: 'TALB', TRK: 'TRCK', TPA: 'TPOS', TYE: 'TYER', TDA: 'TDAT', TIM: 'TIME', TOR: 'TORY' },
  ...{ TCO: 'TCON', TCM: 'TCOM', TXT: 'TEXT', TCR: 'TCOP', TPB: 'TPUB', TEN: 'TENC', TBP: 'TBPM' },
  ...{ TKE: 'TKEY', TLA: 'TLAN', TMT: 'TMED', TRC: 'TSRC', TOA: 'TOPE', TOT: 'TOAL', TOF: 'TOFN' },
  ...{ TCP: 'TCMP', TST: 'TSOT', TSP: 'TSOP', TSA: 'TSOA', TS2: 'TSO2', TSC: 'TSOC', TXX: 'TXXX' },
  ...{ COM: 'COMM', ULT: 'USLT', PIC: 'APIC', UFI: 'UFID', IPL: 'TIPL', WCP: 'WCOP', WAR: 'WOAR' },
  ...{ MVN: 'MVNM', MVI: 'MVIN', PCS: 'PCST', TCT: 'TCAT', TKW: 'TKWD', WFD: 'WFED', GP1: 'GRP1' },
};
/** Frames of version 3 that have another name in version 4, or that mean the same. */
const RENAMED: Readonly<Record<string, string>> = { TORY: 'TDOR', IPLS: 'TIPL', GRP1: 'TIT1' };

/** About the file that they came in, or about places in it. */
const TECHNICAL: ReadonlySet<string> = new Set([
  ...['TLEN', 'TFLT', 'TSIZ', 'TDEN', 'TDTG', 'TDLY', 'TSSE', 'TRDA'],
  ...['CTOC', 'MLLT', 'ASPI', 'SEEK', 'POSS', 'LINK', 'ENCR', 'GRID', 'SIGN', 'RBUF', 'AENC', 'CDM'],
]);
/** What version 3 has the day and the minute in. */
const TIMES: ReadonlySet<string> = new Set(['TYER', 'TDAT', 'TIME']);

export function readFrames(frames: Iterable<Id3Frame>, into: Gathering): void {
  const times = new Map<string, string>();
  for (const frame of frames) {
    const known = frame.version === 2 ? (OLD[frame.id] ?? frame.id) : frame.id.trim();
    const id = RENAMED[known] ?? known;
    if (into.full) return;
    if (TIMES.has(id)) times.set(id, textOf(frame)[0] ?? '');
    else if (!TECHNICAL.has(id)) readFrame({ ...frame, id }, into);
  }
  const date = dateOf(times);
  if (date !== '') into.addField({ key: 'DATE', value: date });
}

function readFrame(frame: Id3Frame, into: Gathering): void {
  const { id } = frame;
  if (id === 'APIC') readPicture(frame, into);
  else if (id === 'CHAP') readChapter(frame, into);
  else if (frame.body.size > MOST_TEXT_BYTES && /^[TCU]/.test(id)) {
    into.note(`${id} was left out: it has over ${MOST_TEXT_BYTES} bytes.`);
  } else if (id === 'TXXX') readNamed(frame, into);
  else if (id === 'TCON') {
    for (const value of textOf(frame).flatMap(genresOf)) into.addField({ key: 'GENRE', value });
  } else if (id === 'TIPL' || id === 'TMCL') readPeople(frame, into);
  else if (id === 'COMM' || id === 'USLT') readRemark(frame, into);
  else if (id === 'PCST') into.addField({ key: 'PODCAST', value: '1' });
  else if (/^(?:T|MVNM|MVIN)/.test(id)) {
    for (const value of textOf(frame)) addNamed(into, { family: 'id3', name: id, otherwise: id }, value);
  } else if (id === 'UFID') readIdentifier(frame, into);
  else if (keyOf('id3', id) !== undefined) {
    const value = textAt(bytesOf(frame), 0, 0);
    into.addField({ key: keyOf('id3', id) ?? id, value });
  } else addNative(frame, into);
}

/** Those of version 2 have other forms. */
function addNative({ version, id, body }: Id3Frame, into: Gathering): void {
  if (version > 2) into.addNative({ family: 'id3', name: id, bytes: body });
  else into.note(`${id} was left out: it is of ID3v2.2.`);
}

function bytesOf({ body }: Id3Frame): Buffer {
  return new TagWindow(body).copy(0, Math.min(body.size, MOST_TEXT_BYTES));
}

function textOf(frame: Id3Frame): string[] {
  const bytes = bytesOf(frame);
  return valuesOf(bytes, 1, bytes[0]);
}

function readNamed(frame: Id3Frame, into: Gathering): void {
  const bytes = bytesOf(frame);
  const [encoding] = bytes;
  const name = textAt(bytes, 1, encoding);
  const start = behindText(textEnd(bytes, 1, encoding), encoding);
  for (const value of valuesOf(bytes, start, encoding))
    addNamed(into, { family: 'id3', name: `TXXX:${name}`, otherwise: name }, value);
}

/** Pairs of what people did and who they are. */
function readPeople(frame: Id3Frame, into: Gathering): void {
  const values = textOf(frame);
  for (let i = 0; i < values.length; i += 2) {
    const [role, name = ''] = values.slice(i, i + 2);
    // Older versions have one list for all of them.
    const key = frame.id === 'TIPL' ? keyOf('id3', `TIPL:${role}`) : undefined;
    if (key !== undefined) into.addField({ key, value: name });
    else into.addField({ key: 'PERFORMER', value: role === '' ? name : `${name} (${role})` });
  }
}

/** iTunes has numbers in comments that nobody is to read. */
const ITUNES = /^iTun/;

function readRemark(frame: Id3Frame, into: Gathering): void {
  const bytes = bytesOf(frame);
  const [encoding] = bytes;
  const start = 1 + LANGUAGE_BYTES;
  const description = textAt(bytes, start, encoding);
  const textStart = behindText(textEnd(bytes, start, encoding), encoding);
  const language = bytes.toString('latin1', 1, start).toLowerCase();
  const about = { ...languageOf(language), ...(description !== '' && { description }) };
  const key = frame.id === 'COMM' ? 'COMMENT' : 'LYRICS';
  for (const value of valuesOf(bytes, textStart, encoding)) {
    into.addField(ITUNES.test(description) ? { key: description, value } : { key, value, ...about });
  }
}

function languageOf(code: string): Pick<TagField, 'language'> {
  return /^[a-z]{3}$/.test(code) && code !== 'xxx' && code !== 'und' ? { language: code } : {};
}

function readIdentifier(frame: Id3Frame, into: Gathering): void {
  const bytes = bytesOf(frame);
  const owner = textAt(bytes, 0, 0);
  const value = bytes.toString('latin1', owner.length + 1);
  if (owner === MUSICBRAINZ) into.addField({ key: 'MUSICBRAINZ_TRACKID', value });
  else addNative(frame, into);
}

/** Version 2 has three letters in place of a MIME type. */
const OLD_MIMES: Readonly<Record<string, string>> = { JPG: 'image/jpeg', PNG: 'image/png', '-->': '-->' };

function readPicture({ version, body }: Id3Frame, into: Gathering): void {
  const head = new TagWindow(body).copy(0, MOST_PICTURE_HEAD_BYTES);
  const [encoding] = head;
  const mimeEnd = version === 2 ? 1 + LANGUAGE_BYTES : textEnd(head, 1, 0);
  const written = head.toString('latin1', 1, mimeEnd);
  const mime = version === 2 ? (OLD_MIMES[written.toUpperCase()] ?? '') : written;
  const typeAt = mimeEnd + (version === 2 ? 0 : 1);
  const description = textAt(head, typeAt + 1, encoding);
  const start = behindText(textEnd(head, typeAt + 1, encoding), encoding);
  const size = body.size - start;
  if (start > head.length) into.note('A picture was left out: what is in front of it is too long.');
  else if (size > 0) {
    into.addPicture({ type: head[typeAt], mime, description, bytes: sliceOf(body, start, size) });
  }
}

const NO_TIME = 0xffff_ffff;
const TIMES_BYTES = 16;

function readChapter({ version, body }: Id3Frame, into: Gathering): void {
  const window = new TagWindow(body);
  const head = window.copy(0, MOST_PICTURE_HEAD_BYTES);
  const timesAt = behindText(textEnd(head, 0, 0), 0);
  if (timesAt + TIMES_BYTES > head.length) {
    into.note('A chapter was left out: nothing says when it begins.');
    return;
  }
  const [startMs, end] = [head.readUInt32BE(timesAt), head.readUInt32BE(timesAt + 4)];
  const inner = timesAt + TIMES_BYTES;
  let title = '';
  for (const frame of framesIn(sliceOf(body, inner, body.size - inner), version, into)) {
    if (frame.id === 'TIT2') [title = ''] = textOf(frame);
    else into.note(`${frame.id} of chapters was left out: only their titles carry over.`);
  }
  into.addChapter({ startMs, endMs: end === NO_TIME ? null : end, title });
}

/** Of version 3: a year, `DDMM` and `HHMM`. */
function dateOf(times: ReadonlyMap<string, string>): string {
  const year = times.get('TYER') ?? '';
  const [, day, month] = /^(\d\d)(\d\d)$/.exec(times.get('TDAT') ?? '') ?? [];
  const [, hour, minute] = /^(\d\d)(\d\d)$/.exec(times.get('TIME') ?? '') ?? [];
  if (!/^\d{4}$/.test(year) || day === undefined) return year;
  const date = `${year}-${month}-${day}`;
  return hour === undefined ? date : `${date}T${hour}:${minute}`;
}

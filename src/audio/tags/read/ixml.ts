/**
 * iXML of WAV, which recorders and game studios write: what of it is a field elsewhere. A small part of XML
 * in one pass: no entities but the five, no document types, no attributes; deeper or longer than is sensible
 * is left out.
 */
import { isUtf8 } from 'node:buffer';
import type { Window } from '../../survey/window.ts';
import type { Gathering } from './gathering.ts';

const MOST_BYTES = 1024 * 1024;
const MOST_DEPTH = 8;
const MOST_ELEMENTS = 10_000;

/** By their paths in capitals, without the root: of the recording, and of AES' and ASWG's section (G006). */
const FIELDS: Readonly<Record<string, string>> = {
  ...{ PROJECT: 'PROJECT', SCENE: 'SCENE', TAKE: 'TAKE', TAPE: 'TAPE', NOTE: 'COMMENT' },
  ...{ 'ASWG/PROJECT': 'PROJECT', 'ASWG/SONGTITLE': 'TITLE', 'ASWG/ARTIST': 'ARTIST' },
  ...{ 'ASWG/COMPOSER': 'COMPOSER', 'ASWG/GENRE': 'GENRE', 'ASWG/SUBGENRE': 'SUBGENRE' },
  ...{ 'ASWG/PRODUCER': 'PRODUCER', 'ASWG/MIXER': 'MIXER', 'ASWG/RECENGINEER': 'ENGINEER' },
  ...{ 'ASWG/DIRECTOR': 'DIRECTOR', 'ASWG/INSTRUMENT': 'INSTRUMENT', 'ASWG/MUSICPUBLISHER': 'LABEL' },
  ...{ 'ASWG/RIGHTSOWNER': 'COPYRIGHT', 'ASWG/ISRCID': 'ISRC', 'ASWG/ISRC': 'ISRC', 'ASWG/TEMPO': 'BPM' },
  ...{ 'ASWG/INKEY': 'KEY', 'ASWG/LANGUAGE': 'LANGUAGE', 'ASWG/NOTES': 'COMMENT' },
  ...{ 'ASWG/MUSICVERSION': 'VERSION' },
};

export function readIxml(window: Window, body: number, size: number, into: Gathering): void {
  if (size > MOST_BYTES) {
    into.note(`iXML was left out: it has over ${MOST_BYTES} bytes.`);
    return;
  }
  const bytes = Buffer.alloc(size);
  const there = bytes.subarray(0, window.source.read(bytes, body));
  const seen = new Set<string>();
  for (const { path, text } of leaves(there.toString(isUtf8(there) ? 'utf8' : 'latin1'))) {
    const key = FIELDS[path];
    const value = text.replaceAll('\0', '').trim();
    // Both sections may name the project, and have a note.
    if (key === undefined || value === '' || seen.has(`${key}=${value}`)) continue;
    seen.add(`${key}=${value}`);
    into.addField({ key, value, chunk: 'iXML' });
  }
}

interface Leaf {
  /** Of names in capitals, without the root's. */
  readonly path: string;
  readonly text: string;
}

/** Elements with nothing but text in them, up to what is no XML. */
function* leaves(xml: string): Generator<Leaf> {
  const names: string[] = [];
  let text = '';
  for (let at = 0, count = 0; count < MOST_ELEMENTS; count++) {
    const open = xml.indexOf('<', at);
    if (open < 0) return;
    text += unescaped(xml.slice(at, open));
    const [end, behind] = endOf(xml, open);
    if (end < 0) return;
    const tag = xml.slice(open + 1, end);
    at = behind;
    if (tag.startsWith('![CDATA[')) text += xml.slice(open + 9, end);
    else if (tag.startsWith('/')) {
      if (names.pop() !== nameOf(tag.slice(1))) return;
      if (text !== '') yield { path: [...names.slice(1), nameOf(tag.slice(1))].join('/'), text };
      text = '';
    } else if (!/^[?!]/.test(tag)) {
      text = '';
      if (tag.endsWith('/')) continue;
      if (names.length === MOST_DEPTH) return;
      names.push(nameOf(tag));
    }
  }
}

/** Where a tag, a comment or a piece of data ends, and what is behind it begins; -1 where it does not. */
function endOf(xml: string, open: number): [end: number, behind: number] {
  const kinds = [
    ['<!--', '-->'],
    ['<![CDATA[', ']]>'],
    ['<?', '?>'],
  ];
  const close = kinds.find(([begin]) => xml.startsWith(begin, open))?.[1] ?? '>';
  const end = xml.indexOf(close, open);
  return [end, end + close.length];
}

function nameOf(tag: string): string {
  const [name] = tag.split(/[\s/]/, 1);
  return name.toUpperCase();
}

const NAMED: Readonly<Record<string, string>> = { lt: '<', gt: '>', amp: '&', quot: '"', apos: "'" };

function unescaped(text: string): string {
  return text.replace(/&(#x?[0-9a-f]{1,7}|[a-z]{2,4});/gi, (whole, name: string) => {
    if (!name.startsWith('#')) return NAMED[name] ?? whole;
    const hex = /^#x/i.test(name);
    const code = Number.parseInt(name.slice(hex ? 2 : 1), hex ? 16 : 10);
    return code > 0 && code <= 0x10_ffff ? String.fromCodePoint(code) : whole;
  });
}

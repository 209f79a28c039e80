/** Fields and pictures as iTunes has them in MP4: `ilst`, of several values several `data` each. Pure. */
import { formatBytes } from '../../../bytes.ts';
import type { TagBytes, TagField, TagPicture } from '../model.ts';
import { big16, big32 } from './bytes.ts';
import { byName, type NamedFields, remarksLost } from './fields.ts';
import { box, fullBox } from './mp4-box.ts';
import { numbered, smallNumber } from './numbered.ts';

/** What `data` is of. */
const BYTES = 0;
const UTF8 = 1;
const INTEGER = 21;
const IMAGES: Readonly<Record<string, number>> = {
  'image/jpeg': 13,
  'image/jpg': 13,
  'image/png': 14,
  'image/bmp': 27,
};

const MEAN = 'com.apple.iTunes';
/** In numbers of so many bytes. */
const INTEGERS: Readonly<Record<string, number>> = {
  ...{ cpil: 1, pgap: 1, pcst: 1, tmpo: 2, '©mvi': 2, '©mvc': 2, shwm: 1, stik: 1, hdvd: 1, rtng: 1 },
  ...{ tvsn: 4, tves: 4 },
};
/** What has a total, and how many bytes stand around both. */
const PAIRS: Readonly<Record<string, number>> = { trkn: 8, disk: 6 };

const FRONT_COVER = 3;
/** Boxes have sizes of 32 bits, and stand in others. */
const MOST_BYTES = 0x7fff_ffff;

interface Ilst {
  readonly ilst: TagBytes;
  readonly notes: readonly string[];
}

export function ilst(fields: readonly TagField[], pictures: readonly TagPicture[]): Ilst {
  const { named } = byName(fields, 'mp4', (key) => `----:${key}`);
  const items = named.flatMap((same) => itemsOf(same, named));
  const { covers, notes } = coversOf(pictures);
  if (covers.length > 0) items.push(box('covr', ...covers));
  return { ilst: box('ilst', ...items), notes: [...remarksLost(fields, 'm4a'), ...notes] };
}

function itemsOf({ name, fields }: NamedFields, all: readonly NamedFields[]): TagBytes[] {
  const values = fields.map(({ value }) => value);
  if (name.startsWith('----:')) return [free(name.slice(5), values)];
  const [atom, part] = name.split('/');
  if (part === '1') return pair(atom, fields, all.find((other) => other.name === `${atom}/2`)?.fields ?? []);
  if (part === '2') return all.some((other) => other.name === `${atom}/1`) ? [] : pair(atom, [], fields);
  const bytes = INTEGERS[atom];
  if (bytes === undefined) return [box(atom, ...values.map(text))];
  return numbers(atom, bytes, fields);
}

/** What is no whole number stays a text, by the field's own name. */
function numbers(atom: string, bytes: number, fields: readonly TagField[]): TagBytes[] {
  const [first, ...others] = fields;
  const value = smallNumber(first.value);
  // They have a sign.
  if (value === null || value >= 2 ** (8 * bytes - 1)) return [free(first.key, fields.map(textOf))];
  const number = Buffer.alloc(bytes);
  number.writeUIntBE(value, 0, bytes);
  const item = box(atom, data(INTEGER, number));
  return others.length === 0 ? [item] : [item, free(first.key, others.map(textOf))];
}

function pair(atom: string, numbers: readonly TagField[], totals: readonly TagField[]): TagBytes[] {
  // 0 is none.
  const { number, total, left } = numbered(numbers, totals, (text) => Boolean(smallNumber(text)));
  const items: TagBytes[] = [];
  if (number !== '' || total !== '') {
    const both = Buffer.concat([big16(0), big16(Number(number)), big16(Number(total)), Buffer.alloc(2)]);
    items.push(box(atom, data(BYTES, both.subarray(0, PAIRS[atom]))));
  }
  for (const [key, same] of Map.groupBy(left, ({ key }) => key)) items.push(free(key, same.map(textOf)));
  return items;
}

function coversOf(pictures: readonly TagPicture[]): { covers: TagBytes[]; notes: string[] } {
  // Players show the first.
  const isFront = ({ type }: TagPicture): boolean => type === FRONT_COVER;
  const inOrder = [...pictures.filter(isFront), ...pictures.filter((picture) => !isFront(picture))];
  const covers: TagBytes[] = [];
  const notes: string[] = [];
  if (pictures.some((picture) => !isFront(picture) || picture.description !== '')) {
    notes.push('Kinds and descriptions of pictures were left out: m4a has no place for such.');
  }
  let size = 0;
  for (const { mime, bytes } of inOrder) {
    size += bytes.size;
    if (size <= MOST_BYTES) covers.push(data(IMAGES[mime] ?? BYTES, bytes));
    else {
      notes.push(
        `A picture of ${formatBytes(bytes.size)} was left out: m4a holds ${formatBytes(MOST_BYTES)} at the most.`,
      );
      size -= bytes.size;
    }
  }
  return { covers, notes };
}

function free(name: string, values: readonly string[]): TagBytes {
  const [mean, called] = [MEAN, name].map((of) => Buffer.from(of));
  return box('----', fullBox('mean', 0, mean), fullBox('name', 0, called), ...values.map(text));
}

function text(value: string): TagBytes {
  return data(UTF8, Buffer.from(value));
}

function data(type: number, content: TagBytes | Uint8Array): TagBytes {
  return box('data', big32(type), big32(0), content);
}

function textOf({ value }: TagField): string {
  return value;
}

/**
 * Tags from each target to each: what both can hold comes back equal. What a target can hold is said here,
 * not asked of the code.
 */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { TARGETS, type TargetName } from '../../../src/audio/plan/targets.ts';
import {
  type AudioTags,
  bytesInMemory,
  type TagChapter,
  type TagField,
} from '../../../src/audio/tags/model.ts';
import { convert, scratch } from '../audio-files.ts';
import { noise, writeWav } from '../wav.ts';
import { jpeg, png } from './pictures.ts';
import { tagged, tagsIn } from './tagged.ts';

const at = scratch();
const NAMES = Object.keys(TARGETS) as TargetName[];
const SECONDS = 3;
const RATE = 8000;

/** With a value of their own kind; all others are texts. */
const NUMBERS = ['TRACKNUMBER', 'TRACKTOTAL', 'DISCNUMBER', 'DISCTOTAL', 'BPM'];
const TEXTS = [
  ...[
    'TITLE',
    'ARTIST',
    'ALBUM',
    'ALBUMARTIST',
    'COMMENT',
    'LYRICS',
    'GENRE',
    'COMPOSER',
    'ARTISTSORT',
    'TITLESORT',
  ],
  ...[
    'COPYRIGHT',
    'ISRC',
    'LABEL',
    'MOOD',
    'CONDUCTOR',
    'PRODUCER',
    'PERFORMER',
    'MUSICBRAINZ_TRACKID',
    'SUBTITLE',
  ],
  ...[
    'MUSICBRAINZ_ALBUMID',
    'RELEASETYPE',
    'DESCRIPTION',
    'GROUPING',
    'WORK',
    'MY OWN',
    'x',
    'LYRICIST',
    'ISBN',
  ],
];

const letter = fc.constantFrom(...'aZ0 ;=/:,()\n\t"\\&<é音😀\u202e'.split(/(?:)/u));
const text = fc.oneof(
  { weight: 6, arbitrary: fc.string({ unit: letter, minLength: 1, maxLength: 30 }) },
  { weight: 2, arbitrary: fc.string({ unit: 'grapheme', minLength: 1, maxLength: 30 }) },
  { weight: 1, arbitrary: fc.constant('') },
  { weight: 1, arbitrary: fc.constant('la\n'.repeat(22_000)) },
);
const field = fc.oneof(
  fc.record({ key: fc.constantFrom(...TEXTS), value: text }),
  fc.record({ key: fc.constant('COMPILATION'), value: fc.constant('1') }),
  fc.record({ key: fc.constant('DATE'), value: fc.constantFrom('2019', '2019-03', '2019-03-04') }),
);
const numbers = fc.uniqueArray(
  fc.record({ key: fc.constantFrom(...NUMBERS), value: fc.integer({ min: 1, max: 999 }).map(String) }),
  { selector: ({ key }) => key },
);
const picture = fc.record({
  type: fc.integer({ min: 0, max: 20 }),
  size: fc.oneof(fc.integer({ min: 0, max: 2000 }), fc.integer({ min: 60_000, max: 200_000 })),
  kind: fc.constantFrom('jpeg' as const, 'png' as const),
  description: fc.oneof(
    fc.constant(''),
    text.map((said) => said.slice(0, 20).toWellFormed().replaceAll('\ufffd', '')),
  ),
});
const chapters = fc.uniqueArray(
  fc.record({
    startMs: fc.integer({ min: 0, max: SECONDS * 1000 - 1 }),
    title: text.map((said) => said.slice(0, 200).toWellFormed().replaceAll('\ufffd', '')),
  }),
  { selector: ({ startMs }) => startMs, maxLength: 300 },
);
const drawn = fc.record({
  fields: fc
    .tuple(fc.array(field, { maxLength: 30 }), numbers)
    .map(([some, others]) => unique([...some, ...others])),
  pictures: fc.array(picture, { maxLength: 12 }),
  chapters: fc.oneof({ weight: 3, arbitrary: fc.constant([]) }, { weight: 1, arbitrary: chapters }),
});

/**
 * Of some one value is all that most targets hold. Of several none is empty: in ID3 a zero behind a value may
 * as well be its end.
 */
function unique(fields: TagField[]): TagField[] {
  const single = new Set(['COMPILATION', 'DATE', 'LYRICS', 'MUSICBRAINZ_TRACKID']);
  const isFirst = (key: string, i: number) => fields.findIndex((one) => one.key === key) === i;
  const isAlone = (key: string) => fields.filter((one) => one.key === key).length === 1;
  return fields.filter(
    ({ key, value }, i) => (!single.has(key) || isFirst(key, i)) && (value !== '' || isAlone(key)),
  );
}

type Drawn = typeof drawn extends fc.Arbitrary<infer T> ? T : never;

function modelOf({ fields, pictures, chapters: begun }: Drawn): Partial<AudioTags> {
  const all: TagChapter[] = begun
    .toSorted((a, b) => a.startMs - b.startMs)
    .map((one) => ({ ...one, endMs: null }));
  return {
    fields,
    pictures: pictures.map(({ type, size, kind, description }) => ({
      ...{ type, description, mime: `image/${kind}` },
      bytes: bytesInMemory(kind === 'png' ? png(size) : jpeg(size)),
    })),
    chapters: all,
  };
}

/** Values by their names: the order among different names is that of the target. */
function comparable(path: string, way: readonly TargetName[]) {
  const { fields, pictures, chapters: found } = tagsIn(path);
  const inM4a = way.includes('m4a');
  return {
    fields: byKey(fields),
    pictures: inM4a
      ? pictures.map(({ mime, bytes }) => `${mime} ${bytes.toString('base64')}`).sort()
      : pictures.map(({ type, mime, description, bytes }) => ({ type, mime, description, bytes })),
    chapters: found.map(({ startMs, title }) => [Math.round(startMs), title]),
  };
}

function expected({ fields, pictures, chapters: begun }: Drawn, way: readonly TargetName[]) {
  const inM4a = way.includes('m4a');
  const all = pictures.map(({ type, size, kind, description }) => ({
    ...{ type, description, mime: `image/${kind}` },
    bytes: kind === 'png' ? png(size) : jpeg(size),
  }));
  return {
    fields: byKey(fields),
    pictures: inM4a ? all.map(({ mime, bytes }) => `${mime} ${bytes.toString('base64')}`).sort() : all,
    chapters: begun.toSorted((a, b) => a.startMs - b.startMs).map(({ startMs, title }) => [startMs, title]),
  };
}

function byKey(fields: readonly TagField[]): Record<string, string[]> {
  const keys = Map.groupBy(fields, ({ key }) => key.toUpperCase());
  return Object.fromEntries(
    [...keys]
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, same]) => [key, same.map(({ value }) => value)]),
  );
}

describe('what both can hold comes back equal', () => {
  const pairs = NAMES.flatMap((from) => NAMES.map((to) => [from, to] as const));
  test.each(pairs)('from %s to %s', (from, to) => {
    const sound = writeWav(at('sound.wav'), [noise(RATE * SECONDS, 16)], { rate: RATE });
    fc.assert(
      fc.property(drawn, (tags) => {
        tagged(sound, at(`1.${from}`), from, modelOf(tags));
        convert(at(`1.${from}`), at(`2.${to}`), to);
        expect(comparable(at(`2.${to}`), [from, to])).toEqual(expected(tags, [from, to]));
      }),
      { numRuns: Number(process.env.MILLPOND_RUNS ?? 5) },
    );
  });
});

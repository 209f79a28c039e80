/**
 * Whatever goes into an output comes out of it, or a note says what does not: fields with all their values,
 * pictures, chapters with their ends, tags of one family only. From each target to each.
 */
import fc from 'fast-check';
import { beforeAll, describe, expect, test } from 'vitest';
import { TARGETS, type TargetName } from '../../../src/audio/plan/targets.ts';
import { bytesInMemory, type TagField } from '../../../src/audio/tags/model.ts';
import { fieldRows } from '../../../src/audio/tags/table.ts';
import { convert, scratch } from '../audio-files.ts';
import { noise, writeWav } from '../wav.ts';
import { jpeg, png } from './pictures.ts';
import { tagsIn, writeTagged } from './tagged.ts';

const at = scratch();
const NAMES = Object.keys(TARGETS) as TargetName[];
const RATE = 8000;
const DURATION_MS = 2000;
/** Of chapters: nobody hears it, and programs that count in other units miss each other by as much. */
const SAME_MS = 100;
const RUNS = Number(process.env.MILLPOND_RUNS ?? 3);

const letter = fc.constantFrom(...'aZ0 ;=/:,()\n"<é音😀'.split(/(?:)/u));
const word = fc.string({ unit: letter, minLength: 1, maxLength: 12 });
const value = fc.oneof(
  { weight: 6, arbitrary: word },
  { weight: 2, arbitrary: fc.constantFrom('', '0', '1', '7', '300', '70000', '3/12', 'A1') },
);
/** Loudness has rules of its own; what made a file says each file by itself. */
const KEYS = fieldRows()
  .map(({ key }) => key)
  .filter((key) => !/^REPLAYGAIN|^ENCODER$/.test(key));
const OWN_KEYS = ['MY OWN', 'with=sign', 'ключ', 'x'];
const NUMBERED = ['TRACKNUMBER', 'TRACKTOTAL', 'DISCNUMBER', 'DISCTOTAL', 'BPM', 'COMPILATION', 'PODCAST'];
const field = fc.oneof(
  { weight: 3, arbitrary: fc.record({ key: fc.constantFrom(...KEYS), value }) },
  { weight: 2, arbitrary: fc.record({ key: fc.constantFrom(...NUMBERED), value }) },
  { weight: 1, arbitrary: fc.record({ key: fc.constantFrom(...OWN_KEYS), value }) },
  {
    weight: 1,
    arbitrary: fc.record({
      key: fc.constantFrom('COMMENT', 'LYRICS'),
      value,
      language: fc.constantFrom('eng', 'deu'),
      description: word,
    }),
  },
);
const picture = fc.record({
  type: fc.integer({ min: 0, max: 20 }),
  mime: fc.constantFrom('image/jpeg', 'image/png', '-->'),
  size: fc.integer({ min: 0, max: 3000 }),
  description: fc.oneof(fc.constant(''), word),
});
const chapter = fc.record({
  startMs: fc.integer({ min: 0, max: DURATION_MS - 1 }),
  lasts: fc.option(fc.integer({ min: 0, max: DURATION_MS })),
  title: fc.oneof(fc.constant(''), word),
});
const native = fc.constantFrom(
  { family: 'id3' as const, name: 'POPM', body: 'someone\0\x80' },
  { family: 'id3' as const, name: 'PRIV', body: 'owner\0data' },
  { family: 'flac' as const, name: 'APPLICATION', body: 'testdata' },
);
/** Of tags that only one family has. */
const FAMILIES: Readonly<Partial<Record<TargetName, string>>> = { mp3: 'id3', wav: 'id3', flac: 'flac' };
const drawn = fc
  .record({
    fields: fc.array(field, { maxLength: 30 }),
    pictures: fc.array(picture, { maxLength: 3 }),
    chapters: fc.uniqueArray(chapter, { selector: ({ startMs }) => startMs, maxLength: 5 }),
    natives: fc.uniqueArray(native, { maxLength: 3 }),
  })
  .map(({ fields, pictures, chapters, natives }) => ({
    fields,
    pictures: pictures.map(({ size, ...one }) => ({
      ...one,
      bytes: bytesInMemory(one.mime === 'image/png' ? png(size) : jpeg(size)),
    })),
    chapters: chapters
      .toSorted((one, other) => one.startMs - other.startMs)
      .map(({ startMs, lasts, title }) => ({
        startMs,
        endMs: lasts === null ? null : Math.min(DURATION_MS, startMs + lasts),
        title,
      })),
    natives: natives.map(({ body, ...one }) => ({
      ...one,
      bytes: bytesInMemory(Buffer.from(body, 'latin1')),
    })),
  }));

type Tags = ReturnType<typeof tagsIn>;

/** What is missing, and no note says so. */
function unsaid(before: Tags, after: Tags, notes: readonly string[]): string[] {
  const said = (pattern: RegExp) => notes.some((note) => pattern.test(note));
  const named = (name: string) => notes.some((note) => note.toUpperCase().includes(name.toUpperCase()));
  const missing: string[] = [];
  for (const [key, values] of valuesIn(before.fields)) {
    const there = valuesIn(after.fields).get(key) ?? [];
    const lost = values.filter((one) => !take(there, one));
    if (lost.length > 0 && !named(key)) missing.push(`${key}: ${JSON.stringify(lost)}`);
  }
  const pictures = after.pictures.map(({ bytes }) => bytes.toString('base64'));
  for (const { bytes, mime } of before.pictures) {
    if (!take(pictures, bytes.toString('base64')) && !said(/picture/i)) missing.push(`a picture of ${mime}`);
  }
  const kinds = (tags: Tags) => tags.pictures.map(({ type, mime, description }) => [type, mime, description]);
  if (pictures.length === 0 && !said(/Kinds and descriptions of pictures/)) {
    if (JSON.stringify(kinds(before)) !== JSON.stringify(kinds(after))) missing.push('what pictures are of');
  }
  for (const [i, one] of before.chapters.entries()) {
    const other = after.chapters[i];
    const same = other?.title === one.title && Math.abs(other.startMs - one.startMs) <= 1;
    const ends = said(/^Ends of chapters/) || Math.abs(endOf(before, i) - endOf(after, i)) <= SAME_MS;
    if (!same || !ends) missing.push(`chapter ${i}`);
  }
  for (const { name } of before.natives) {
    if (!after.natives.some((one) => one.name === name) && !named(name)) missing.push(name);
  }
  return missing;
}

function endOf({ chapters }: Tags, i: number): number {
  return chapters[i]?.endMs ?? chapters[i + 1]?.startMs ?? DURATION_MS;
}

/** A total may stand behind its number. */
const WITH_TOTALS: Readonly<Record<string, string>> = {
  ...{ TRACKNUMBER: 'TRACKTOTAL', DISCNUMBER: 'DISCTOTAL', MOVEMENT: 'MOVEMENTTOTAL' },
};

function valuesIn(fields: readonly TagField[]): Map<string, string[]> {
  const kept = fields
    .filter(({ key }) => key !== 'ENCODER')
    .flatMap((one) => {
      const total = WITH_TOTALS[one.key];
      const [, first, second] = /^(\d+)\/(\d+)$/.exec(one.value) ?? [];
      return total === undefined || first === undefined
        ? [one]
        : [
            { key: one.key, value: first },
            { key: total, value: second },
          ];
    });
  const all = Map.groupBy(kept, ({ key }) => key.toUpperCase());
  return new Map([...all].map(([key, same]) => [key, [...new Set(same.map((one) => one.value))]]));
}

/** Takes one out of a list. @returns whether it was there */
function take(list: string[], one: string): boolean {
  const i = list.indexOf(one);
  if (i >= 0) list.splice(i, 1);
  return i >= 0;
}

function inMemory(tags: typeof drawn extends fc.Arbitrary<infer T> ? T : never): Tags {
  const pictures = tags.pictures.map((one) => {
    const bytes = Buffer.alloc(one.bytes.size);
    one.bytes.read(bytes, 0);
    return { ...one, bytes };
  });
  return { ...tags, pictures };
}

beforeAll(() => {
  const frames = (RATE * DURATION_MS) / 1000;
  writeWav(at('sound.wav'), [noise(frames, 16)], { rate: RATE });
});

/** Found once: in ID3 the number of another genre. */
const KNOWN = { fields: [{ key: 'GENRE', value: '0' }], pictures: [], chapters: [], natives: [] };

describe('nothing goes without a word', () => {
  test.each(NAMES)('into %s, and from there into all others', (from) => {
    fc.assert(
      fc.property(drawn, (tags) => {
        const first = at(`1.${from}`);
        const natives = tags.natives.filter(({ family }) => family === FAMILIES[from]);
        const notes = writeTagged(at('sound.wav'), first, from, { ...tags, natives });
        const there = tagsIn(first);
        expect(unsaid(inMemory({ ...tags, natives }), there, notes)).toEqual([]);
        for (const to of NAMES) {
          const { warnings } = convert(first, at(`2.${to}`), to);
          expect([to, unsaid(there, tagsIn(at(`2.${to}`)), warnings)]).toEqual([to, []]);
        }
      }),
      { numRuns: RUNS, examples: [[KNOWN]] },
    );
  });
});

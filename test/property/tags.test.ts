/** Tags drawn at random go from each format into each other one, and what both can hold comes back equal. */
import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { beforeAll, describe, expect, test } from 'vitest';
import { openDecoder } from '../../src/audio/open-decoder.ts';
import { TARGETS, type TargetName } from '../../src/audio/plan/targets.ts';
import {
  type AudioTags,
  bytesInMemory,
  NO_TAGS,
  type TagField,
  type TagPicture,
} from '../../src/audio/tags/model.ts';
import { FIELDS } from '../../src/audio/tags/table.ts';
import { convert, scratch } from '../audio/audio-files.ts';
import { tagged } from '../audio/tags/tagged.ts';
import { to16, tone, writeWav } from '../audio/wav.ts';

const at = scratch();
const NAMES = Object.keys(TARGETS) as TargetName[];
const SECONDS = 4;

beforeAll(() => {
  writeWav(at('sound.wav'), [to16(tone(SECONDS * 16_000, 16_000, 440, 0.25))], { rate: 16_000 });
});

/** Their values are numbers, flags, dates, addresses, or of a form of their own. */
const NUMBERS = ['TRACKNUMBER', 'TRACKTOTAL', 'DISCNUMBER', 'DISCTOTAL', 'BPM', 'MOVEMENT', 'MOVEMENTTOTAL'];
const FLAGS = ['COMPILATION', 'PODCAST', 'GAPLESSPLAYBACK'];
const ADDRESSES = ['LICENSE', 'WEBSITE', 'PODCASTURL'];
/** Adjusted, or made into others; `loudness-tags.test.ts` has them. */
const OTHERS = /^(?:REPLAYGAIN_|MUSICBRAINZ_TRACKID$|PERFORMER$)/;
const TEXTS = FIELDS.map(({ key }) => key).filter(
  (key) => ![...NUMBERS, ...FLAGS, ...ADDRESSES].includes(key) && !OTHERS.test(key),
);

/** Neither zeros, which end texts, nor genres that are numbers. */
const text = fc
  .oneof(
    fc.string({ unit: 'grapheme', minLength: 1 }),
    fc.constantFrom('a;b', 'two\nlines', 'a/b', 'x=y', ' spaces ', '音楽 🎵', '(17)', '"q" \\ <b>', 'é'),
    fc.nat(4).map((n) => 'long '.repeat(16_000 * n + 1)),
  )
  .map((value) => value.replaceAll('\0', '') || 'x');
const own = fc.stringMatching(/^[A-Z][A-Z_ ]{2,20}[A-Z]$/).map((name) => `MY ${name}`);
const several = <Value>(value: fc.Arbitrary<Value>) => fc.array(value, { minLength: 1, maxLength: 4 });

const field = fc.oneof(
  { weight: 4, arbitrary: fc.record({ key: fc.constantFrom(...TEXTS), values: several(text) }) },
  fc.record({ key: own, values: several(text) }),
  fc.record({
    key: fc.constantFrom(...NUMBERS),
    values: fc.integer({ min: 1, max: 999 }).map((n) => [String(n)]),
  }),
  fc.record({ key: fc.constantFrom(...FLAGS), values: fc.constant(['1']) }),
  fc.record({ key: fc.constantFrom(...ADDRESSES), values: fc.webUrl().map((url) => [url]) }),
  fc.record({
    key: fc.constant('PERFORMER'),
    values: several(
      fc
        .tuple(fc.stringMatching(/^\w+$/), fc.stringMatching(/^\w+$/))
        .map(([who, what]) => `${who} (${what})`),
    ),
  }),
  fc.record({ key: fc.constant('MUSICBRAINZ_TRACKID'), values: fc.uuid().map((id) => [id]) }),
);
const fields = fc
  .uniqueArray(field, { selector: ({ key }) => key, maxLength: 30 })
  .map((list) => list.flatMap(({ key, values }) => values.map((value) => ({ key, value }))));

const MARKS = { 'image/jpeg': [0xff, 0xd8, 0xff], 'image/png': [...Buffer.from('\x89PNG', 'latin1')] };
const picture = fc.record({
  type: fc.integer({ min: 3, max: 20 }),
  mime: fc.constantFrom('image/jpeg' as const, 'image/png' as const),
  description: text.map((description) => description.slice(0, 60)),
  size: fc.integer({ min: 4, max: 200_000 }),
  seed: fc.nat(255),
});
const pictures = fc.array(picture, { maxLength: 12 }).map((list) =>
  list.map(({ size, seed, ...rest }, i): TagPicture & { bytes: { all: Buffer } } => {
    const all = Buffer.alloc(size, Buffer.from([seed, i, 0xff, 0, 0xe0, 0xff]));
    all.set(MARKS[rest.mime]);
    return { ...rest, description: `${i} ${rest.description}`, bytes: { ...bytesInMemory(all), all } };
  }),
);
const chapters = fc
  .oneof(
    fc.uniqueArray(fc.integer({ min: 0, max: SECONDS * 1000 - 1 }), { maxLength: 8 }),
    fc.constant(Array.from({ length: 300 }, (_, i) => i * 13)),
  )
  .chain((starts) =>
    fc.tuple(...starts.sort((a, b) => a - b).map((startMs) => text.map((title) => ({ startMs, title })))),
  )
  .map((list) =>
    list.map(({ startMs, title }) => ({
      startMs,
      endMs: null,
      title: Buffer.from(title).toString('utf8', 0, 100),
    })),
  );

/** By key, since formats have orders of their own, but that of the values of one key. */
function byKeys(fields: readonly TagField[]): Record<string, string[]> {
  const made = fields.filter(({ key }) => key !== 'ENCODER');
  const groups = Object.groupBy(made, ({ key }) => key);
  return Object.fromEntries(
    Object.entries(groups).map(([key, same = []]) => [key, same.map(({ value }) => value)]),
  );
}

/** MP4 has nothing but the bytes of a picture, and fronts before others. */
function comparable(pictures: readonly TagPicture[], bare: boolean): unknown[] {
  const all = pictures.map(({ type, mime, description, bytes }) => {
    const whole = Buffer.alloc(bytes.size);
    const length = bytes.read(whole, 0);
    const sha = createHash('sha256').update(whole.subarray(0, length)).digest('hex');
    return bare ? sha : [type, mime, description, sha].join();
  });
  return bare ? all.sort() : all;
}

describe('tags drawn at random', () => {
  const tags = fc
    .record({ fields, pictures, chapters })
    .map((drawn): AudioTags => ({ ...NO_TAGS, ...drawn }));

  test('come back equal from every format by way of every other one', () => {
    fc.assert(
      fc.property(fc.constantFrom(...NAMES), fc.constantFrom(...NAMES), tags, (from, to, drawn) => {
        const { warnings } = convert(
          tagged(at('sound.wav'), at(`drawn.${from}`), from, drawn),
          at(`out.${to}`),
          to,
        );
        expect(warnings.filter((warning) => !/resampled/.test(warning))).toEqual([]);
        using decoder = openDecoder(at(`out.${to}`));
        const { fields, pictures, chapters } = decoder.info.tags;
        const bare = from === 'm4a' || to === 'm4a';
        expect(byKeys(fields)).toEqual(byKeys(drawn.fields));
        expect(comparable(pictures, bare)).toEqual(comparable(drawn.pictures, bare));
        const times = (list: AudioTags['chapters']) =>
          list.map(({ startMs, title }) => [Math.round(startMs), title]);
        expect(times(chapters)).toEqual(times(drawn.chapters));
      }),
      { numRuns: 40 },
    );
  }, 120_000);
});

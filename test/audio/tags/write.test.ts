/** What is written of a model of tags, as others read it. */
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { TARGETS, type TargetName } from '../../../src/audio/plan/targets.ts';
import {
  type AudioTags,
  bytesInMemory,
  NO_TAGS,
  type TagField,
  type TagPicture,
} from '../../../src/audio/tags/model.ts';
import { tagWriterFor } from '../../../src/audio/tags/write/writers.ts';
import { transcode } from '../../../src/audio/transcode.ts';
import { dirtyShard } from '../../stand.ts';
import { convert, readAll, scratch } from '../audio-files.ts';
import { noise, writeWav } from '../wav.ts';
import { lacks, mutagen, output } from './judges.ts';
import { jpeg, png } from './pictures.ts';
import { tagged, tagsIn } from './tagged.ts';

const at = scratch();

function written(to: TargetName, tags: Partial<AudioTags>, name = `out.${to}`): string {
  return tagged(writeWav(at('in.wav'), [noise(44_100, 16)], { rate: 44_100 }), at(name), to, tags);
}

function picture(type: number, size: number, mime = 'image/jpeg'): TagPicture {
  const bytes = mime === 'image/png' ? png(size) : jpeg(size);
  return { type, mime, description: `${type} ✿`, bytes: bytesInMemory(bytes) };
}

const sha = ({ bytes }: TagPicture) => {
  const all = Buffer.alloc(bytes.size);
  bytes.read(all, 0);
  return createHash('sha256').update(all).digest('hex');
};

const fields = [
  ['TITLE', 'Títle; 音'],
  ['ARTIST', 'One'],
  ['ARTIST', 'Two'],
  ['COMMENT', 'two\nlines'],
  ['LYRICS', 'la '.repeat(20_000)],
  ['TRACKNUMBER', '3'],
  ['TRACKTOTAL', '12'],
  ['DISCNUMBER', '1'],
  ['DISCTOTAL', '2'],
  ['GENRE', 'Rock'],
  ['GENRE', 'Jazz'],
  ['COMPILATION', '1'],
  ['BPM', '128'],
  ['ISRC', 'DEA123456789'],
  ['ARTISTSORT', 'Uno'],
  ['DATE', '2019-03-04'],
  ['ALBUMARTIST', 'All'],
  ['MUSICBRAINZ_TRACKID', '0af4-1'],
  ['MUSICBRAINZ_ALBUMID', '0af4-2'],
  ['PERFORMER', 'Someone (piano)'],
  ['PRODUCER', 'Him'],
  ['MY OWN', 'x'],
].map(([key, value]) => ({ key, value }));

const pictures = [picture(3, 70_000), picture(4, 3000, 'image/png'), picture(0, 200_001)];
const chapters = [
  { startMs: 0, endMs: 250, title: 'One' },
  { startMs: 250, endMs: 600.4, title: 'Zwei ✿' },
  { startMs: 600.4, endMs: null, title: '' },
];

const all: AudioTags = { ...NO_TAGS, fields, pictures, chapters };
const TARGET_NAMES = Object.keys(TARGETS) as TargetName[];

const ID3 = [
  ['TIT2', 'Títle; 音'],
  ['TPE1', 'One', 'Two'],
  ['COMM::XXX', 'two\nlines'],
  ['USLT::XXX', 'la '.repeat(20_000)],
  ['TRCK', '3/12'],
  ['TPOS', '1/2'],
  ['TCON', 'Rock', 'Jazz'],
  ['TCMP', '1'],
  ['TBPM', '128'],
  ['TSRC', 'DEA123456789'],
  ['TSOP', 'Uno'],
  ['TDRC', '2019-03-04'],
  ['TPE2', 'All'],
  ['UFID:http://musicbrainz.org', '0af4-1'],
  ['TXXX:MusicBrainz Album Id', '0af4-2'],
  ['TXXX:MY OWN', 'x'],
  ['TIPL', 'producer', 'Him'],
  ['TMCL', 'piano', 'Someone'],
  ['CTOC:toc', 'chp0', 'chp1', 'chp2'],
];
const MP4 = [
  ['©nam', 'Títle; 音'],
  ['©ART', 'One', 'Two'],
  ['©cmt', 'two\nlines'],
  ['©lyr', 'la '.repeat(20_000)],
  ['trkn', [3, 12]],
  ['disk', [1, 2]],
  ['©gen', 'Rock', 'Jazz'],
  ['cpil', true],
  ['tmpo', 128],
  ['----:com.apple.iTunes:ISRC', 'DEA123456789'],
  ['soar', 'Uno'],
  ['©day', '2019-03-04'],
  ['aART', 'All'],
  ['----:com.apple.iTunes:MusicBrainz Track Id', '0af4-1'],
  ['----:com.apple.iTunes:MusicBrainz Album Id', '0af4-2'],
  ['----:com.apple.iTunes:PERFORMER', 'Someone (piano)'],
  ['----:com.apple.iTunes:PRODUCER', 'Him'],
  ['----:com.apple.iTunes:MY OWN', 'x'],
];
const XIPH = [
  ...fields.map(({ key, value }) => [key, value]),
  ...['00:00:00.000', 'One', '00:00:00.250', 'Zwei ✿', '00:00:00.600', ''].map((value, i) => [
    `CHAPTER00${(i >> 1) + 1}${i % 2 === 0 ? '' : 'NAME'}`,
    value,
  ]),
];
const MADE_BY = /^(TSSE|©too|ENCODER)$/;
const EXPECTED = { flac: XIPH, ogg: XIPH, opus: XIPH, mp3: ID3, wav: ID3, m4a: MP4 };

describe.skipIf(lacks('mutagen'))('mutagen reads', () => {
  test.each(TARGET_NAMES)('all fields of %s, in order and each value by itself', (to) => {
    const [{ fields: found }] = mutagen(written(to, all));
    expect(found.filter(([name]) => !MADE_BY.test(name))).toEqual(EXPECTED[to]);
    const [, maker] = found.find(([name]) => MADE_BY.test(name)) ?? [];
    expect(maker).toMatch(/^millpond \d.* \((flac|pcm_s16le|libmp3lame|libopus|libvorbis|aac)\)$/);
  });

  test.each(TARGET_NAMES)('all pictures of %s, byte for byte', (to) => {
    const [{ pictures: found }] = mutagen(written(to, all));
    const expected = pictures.map((one) => ({
      ...{ type: one.type, mime: one.mime, description: one.description, size: one.bytes.size },
      sha256: sha(one),
    }));
    // There each is a cover, and has no description.
    const inM4a = expected.map((one) => ({ ...one, type: 3, description: '' }));
    expect(found).toEqual(to === 'm4a' ? inM4a : expected);
  });

  test.each(['mp3', 'wav'] as const)('three hundred chapters of %s, in tables of 255 at the most', (to) => {
    const many = Array.from({ length: 300 }, (_, i) => ({ startMs: i * 3, endMs: null, title: `${i} ä` }));
    const [{ chapters: found, fields: others }] = mutagen(written(to, { chapters: many }));
    expect(found).toEqual(
      many.map(({ startMs, title }, i) => [startMs, many[i + 1]?.startMs ?? 1000, title]),
    );
    const tables = others
      .filter(([name]) => name.startsWith('CTOC'))
      .map(([name, ...parts]) => [name, parts.length]);
    expect(tables).toEqual([
      ['CTOC:toc', 2],
      ['CTOC:toc0', 255],
      ['CTOC:toc1', 45],
    ]);
  });

  test('in M4A what is no number as a text', () => {
    const odd = [
      ['TRACKNUMBER', 'A1'],
      ['TRACKTOTAL', '12'],
      ['BPM', '127.5'],
      ['DISCNUMBER', '2/3'],
      ['COMPILATION', 'yes'],
    ].map(([key, value]) => ({ key, value }));
    const [{ fields: found }] = mutagen(written('m4a', { fields: odd }));
    expect(found.filter(([name]) => !MADE_BY.test(name))).toEqual([
      ['trkn', [0, 12]],
      ['----:com.apple.iTunes:TRACKNUMBER', 'A1'],
      ['----:com.apple.iTunes:BPM', '127.5'],
      ['disk', [2, 3]],
      ['----:com.apple.iTunes:COMPILATION', 'yes'],
    ]);
  });

  test('in ID3 each language and description by itself', () => {
    const several = [
      { key: 'COMMENT', value: 'a' },
      { key: 'COMMENT', value: 'b' },
      { key: 'COMMENT', value: 'c', language: 'eng', description: 'of the label' },
      { key: 'LYRICS', value: 'd', language: 'deu' },
      { key: 'LYRICS', value: 'e', language: 'deu' },
    ];
    const [{ fields: found }] = mutagen(written('mp3', { fields: several }));
    expect(found.filter(([name]) => !MADE_BY.test(name))).toEqual([
      ['COMM::XXX', 'a', 'b'],
      ['COMM:of the label:eng', 'c'],
      ['USLT::deu', 'd'],
      ['USLT:2:deu', 'e'],
    ]);
  });
});

describe('a tagged output', () => {
  test.each(TARGET_NAMES)('of %s has the same sound as one without', (to) => {
    const [tagged, plain] = [written(to, all), written(to, {}, `plain.${to}`)].map((path) => readAll(path));
    expect(tagged.frames).toBe(plain.frames);
    expect(Buffer.from(tagged.planes[0].buffer).equals(Buffer.from(plain.planes[0].buffer))).toBe(true);
    expect(tagged.warnings).toEqual([]);
  });

  test.skipIf(lacks('flac'))('of FLAC is right for its own program', () => {
    expect(() => execFileSync('flac', ['-ts', written('flac', all)])).not.toThrow();
  });

  test.skipIf(lacks('metaflac'))('of FLAC has room left, in its last block', () => {
    const list = output('metaflac', ['--list', written('flac', all)]);
    const [types, lengths] = [/ {2}type: (\d) \([A-Z_]+\)/g, / {2}length: (\d+)/g].map((of) =>
      [...list.matchAll(of)].map(([, x]) => x),
    );
    expect(types).toEqual(['0', '4', '6', '6', '6', '1']);
    expect(lengths.at(-1)).toBe('8192');
  });

  test.skipIf(lacks('opusinfo'))('of Opus has its pages in order, however many its pictures fill', () => {
    expect(output('opusinfo', [written('opus', all)])).not.toMatch(/warning|error|hole/i);
  });

  test.skipIf(lacks('mediainfo'))(
    'of M4A has chapters in both ways: a list of 255, and a track of all',
    () => {
      const many = Array.from({ length: 300 }, (_, i) => ({
        startMs: i * 3,
        endMs: null,
        title: `No ${i} ✿`,
      }));
      const menus = output('mediainfo', [written('m4a', { chapters: many })])
        .split('Menu #')
        .slice(1);
      const found = menus.map((menu) =>
        [...menu.matchAll(/^(\d\d:\d\d:\d\d\.\d+) +: (.*)$/gm)].map(([, at, title]) => [at, title]),
      );
      const expected = many.map(({ startMs, title }) => [
        `00:00:00.${String(startMs).padStart(3, '0')}`,
        title,
      ]);
      expect(found.map((list) => list.length)).toEqual([300, 255]);
      expect(found[1]).toEqual(expected.slice(0, 255));
      expect(found[0]).toEqual(expected);
    },
  );

  test('of FLAC is without what no block holds, and says so', () => {
    const size = 17_000_000;
    const big: TagPicture = { ...picture(3, 0), bytes: { size, read: (target) => target.fill(7).length } };
    expect(
      tagWriterFor({ to: 'flac', encoder: 'flac' }, { ...NO_TAGS, pictures: [big] }, null).notes,
    ).toEqual(['A picture was left out: flac holds 16 MiB at the most, got 16.2 MiB.']);
  });
});

test.each(TARGET_NAMES)('leases have the bytes of a file, of tagged %s', (to) => {
  const input = written('flac', all, 'leases.flac');
  convert(input, at(`leases.${to}`), to);
  const pool = dirtyShard();
  const { signal } = new AbortController();
  const request = { input, output: { leases: true }, to } as const;
  const { leases } = transcode(request, { pool, signal, block: { bytes: 65_536 } });
  const bytes = Buffer.concat((leases ?? []).map((lease) => lease.bytes));
  for (const lease of leases ?? []) lease.release();
  expect(bytes.equals(readFileSync(at(`leases.${to}`)))).toBe(true);
});

test('what tells comments, or pictures, apart is a note where it has no place', () => {
  const remarks = [
    { key: 'COMMENT', value: 'a', description: 'of the label' },
    { key: 'LYRICS', value: 'b', language: 'eng' },
    { key: 'LYRICS', value: 'c', language: 'deu' },
  ];
  const notesOf = (to: TargetName, some: readonly TagField[]) =>
    tagWriterFor({ to, encoder: 'x' }, { ...NO_TAGS, fields: some, pictures }, null).notes;
  const said = (to: TargetName) =>
    `Languages and descriptions of COMMENT, LYRICS were left out: ${to} has no place for such.`;
  for (const to of ['flac', 'ogg', 'opus'] as const) expect(notesOf(to, remarks)).toEqual([said(to)]);
  const ofPictures = 'Kinds and descriptions of pictures were left out: m4a has no place for such.';
  expect(notesOf('m4a', remarks)).toEqual([said('m4a'), ofPictures]);
  for (const to of ['mp3', 'wav'] as const) expect(notesOf(to, remarks)).toEqual([]);
  expect(notesOf('flac', remarks.slice(1, 2))).toEqual([]);
});

test.each(TARGET_NAMES)('chapters at times that no sound has are no failure of %s', (to) => {
  const far = [0, 200_000_000, 0xffff_fffe, 1e15].map((startMs) => ({
    startMs,
    endMs: startMs + 1e15,
    title: 'x',
  }));
  const { chapters: found } = tagsIn(written(to, { chapters: far }));
  expect(found.map(({ startMs }) => Math.round(startMs))).toEqual([0, 200_000_000, 0xffff_fffe]);
  const { notes } = tagWriterFor({ to, encoder: 'x' }, { ...NO_TAGS, chapters: far }, null);
  expect(notes).toContain('Chapters that begin after 49 days were left out.');
});

/**
 * A folder of 200 real files with tags, pictures and chapters that mutagen wrote, from FLAC into another
 * format and back; mutagen says what was lost.
 */
import { execFileSync } from 'node:child_process';
import { copyFileSync, globSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { beforeAll, describe, expect, test } from 'vitest';
import { convert, scratch } from '../audio-files.ts';
import { lacks, mutagen } from './judges.ts';
import { jpeg, png } from './pictures.ts';

const at = scratch();
const FILES = 200;
/** By their sound. */
const DIFFERENT = 40;
const samples = fileURLToPath(new URL('../../../node_modules/@audio-samples', import.meta.url));

/** Of each a different choice for each file. */
const POOL: Readonly<Record<string, readonly (readonly string[])[]>> = {
  TITLE: [['Prélude; 音 No. 1'], ['a = b'], ['😀 two\nlines'], [' spaces around ']],
  ARTIST: [['One'], ['One', 'Two; Three'], ['Ä', 'Ö', 'Ü']],
  ALBUMARTIST: [['Various Artists'], ['All', 'of them']],
  ALBUM: [['Album'], ['Album (Disc 1)']],
  TRACKNUMBER: [['1'], ['12']],
  TRACKTOTAL: [['12'], ['99']],
  DISCNUMBER: [['1'], ['2']],
  DISCTOTAL: [['2']],
  DATE: [['1999'], ['2003-05-01']],
  ORIGINALDATE: [['1969-07'], ['1970']],
  GENRE: [['Rock', 'Jazz'], ['Neo-Soul']],
  COMMENT: [['a comment'], ['two\nlines = x;y']],
  DESCRIPTION: [['described']],
  LYRICS: [['la la\n'.repeat(3)], ['la '.repeat(22_000)]],
  COMPILATION: [['1']],
  BPM: [['120'], ['93']],
  ISRC: [['USAAA1234567']],
  ARTISTSORT: [['One, Some']],
  TITLESORT: [['Prelude']],
  MUSICBRAINZ_TRACKID: [['0f7e6d33-0000-4000-8000-000000000001']],
  MUSICBRAINZ_ARTISTID: [['0f7e6d33-0000-4000-8000-000000000002', '0f7e6d33-0000-4000-8000-000000000003']],
  RELEASETYPE: [['album', 'live']],
  PERFORMER: [['A (guitar)', 'B (drums)']],
  PRODUCER: [['Him', 'Her']],
  COPYRIGHT: [['℗ me']],
  LANGUAGE: [['eng']],
  LABEL: [['Lab']],
  'MY OWN': [['x'], ['y', 'z']],
};

function tagsOf(file: number) {
  const fields = Object.entries(POOL).flatMap(([key, choices], i) => {
    // Each field is lacking in some.
    if ((file * 7 + i * 3) % 5 === 0) return [];
    return choices[(file + i) % choices.length].map((value) => [key, value]);
  });
  for (let chapter = 0; chapter < file % 4; chapter++) {
    const name = `CHAPTER00${chapter + 1}`;
    fields.push([name, `00:00:00.${String(chapter * 40 + (file % 2)).padStart(3, '0')}`]);
    fields.push([`${name}NAME`, `Chapter ${chapter + 1} ✿`]);
  }
  const pictures = [
    [3, 'image/jpeg', 'front ✿', jpeg(500 + file * 400)],
    [4, 'image/png', '', png(600)],
    [0, 'image/jpeg', 'other', jpeg(70_000)],
  ] as const;
  return {
    fields,
    pictures: pictures
      .slice(0, file % 4)
      .map(([type, mime, said, data]) => [type, mime, said, data.toString('base64')]),
  };
}

/** Values by their names, since their order is that of the format between; and pictures. */
function seenBy(paths: readonly string[], byBytesAlone: boolean) {
  return mutagen(...paths).map(({ fields, pictures }) => {
    const kept = fields.filter(([name]) => name !== 'ENCODER');
    const keys = Map.groupBy(kept, ([name]) => name.toUpperCase());
    return {
      fields: Object.fromEntries(
        [...keys].sort().map(([name, same]) => [name, same.map(([, value]) => value)]),
      ),
      pictures: pictures.map((one) => (byBytesAlone ? one.sha256 : one)),
    };
  });
}

describe.skipIf(lacks('mutagen'))('a folder of real files', () => {
  const names = Array.from({ length: FILES }, (_, i) => `${i}.flac`);

  beforeAll(() => {
    const real = globSync('*/audio/**/*.{ogg,wav,mp3,flac}', { cwd: samples }).map((path) =>
      join(samples, path),
    );
    expect(real.length).toBeGreaterThan(80);
    // What is short is coded soon, and has as many tags.
    const short = real.sort((a, b) => statSync(a).size - statSync(b).size).slice(0, DIFFERENT);
    for (const [i, name] of names.entries()) {
      if (i < DIFFERENT) convert(short[i], at(name), 'flac', { rate: 8000, channels: 1 });
      else copyFileSync(at(names[i % DIFFERENT]), at(name));
    }
    const script = fileURLToPath(new URL('tag-flacs.py', import.meta.url));
    const given = Object.fromEntries(names.map((name, i) => [at(name), tagsOf(i)]));
    execFileSync('/usr/bin/python3', [script], { input: JSON.stringify(given) });
  });

  test.each([
    'mp3',
    'm4a',
    'opus',
    'ogg',
    'wav',
    'flac',
  ] as const)('goes to %s and back, and nothing is lost', (to) => {
    const back = names.map((name, i) => {
      convert(at(name), at(`${i}.${to}.${to}`), to);
      convert(at(`${i}.${to}.${to}`), at(`${i}.${to}.flac`), 'flac');
      return at(`${i}.${to}.flac`);
    });
    // M4A has neither kinds of pictures nor their descriptions.
    const byBytesAlone = to === 'm4a';
    expect(seenBy(back, byBytesAlone)).toEqual(seenBy(names.map(at), byBytesAlone));
  });

  test('from FLAC to FLAC keeps every field, name and order', () => {
    const again = names.map((name, i) => {
      convert(at(name), at(`${i}.again.flac`), 'flac');
      return at(`${i}.again.flac`);
    });
    const [before, after] = [names.map(at), again].map((paths) =>
      mutagen(...paths).map(({ fields, pictures }) => ({
        pictures,
        fields: fields.filter(([name]) => name !== 'ENCODER' && !name.startsWith('CHAPTER')),
      })),
    );
    expect(after).toEqual(before);
  });
});

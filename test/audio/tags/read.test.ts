/** What is read of tags that others have written, in all kinds of files. */
import { execFileSync } from 'node:child_process';
import { copyFileSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { beforeAll, describe, expect, test } from 'vitest';
import type { TargetName } from '../../../src/audio/plan/targets.ts';
import { convert, readAll, scratch } from '../audio-files.ts';
import { feedOf, readStream } from '../feeds.ts';
import { noise, writeWav } from '../wav.ts';
import { lacks } from './judges.ts';
import { png } from './pictures.ts';
import { tagsIn } from './tagged.ts';

const at = scratch();
const PICTURE = png(70_000);

const WRITTEN = {
  title: ['Títle; 音 – 🎵'],
  artists: ['First; Artist', 'Zweite / Künstlerin'],
  album: ['An album'],
  albumartist: ['All of them'],
  date: ['2003-05-01'],
  genres: ['Rock', 'Folk Noir'],
  comment: ['two\nlines = x;y'],
  lyrics: ['la '.repeat(20_000)],
  bpm: ['128'],
  isrc: ['DEA123456789'],
  sort: ['Artist, First'],
  album_id: ['0af4-2'],
  track_id: ['0af4-1'],
  own: ['one', 'two'],
  picture: PICTURE.toString('base64'),
};

const EXPECTED = {
  TITLE: WRITTEN.title,
  ARTIST: WRITTEN.artists,
  ALBUM: WRITTEN.album,
  ALBUMARTIST: WRITTEN.albumartist,
  DATE: WRITTEN.date,
  GENRE: WRITTEN.genres,
  COMMENT: WRITTEN.comment,
  LYRICS: WRITTEN.lyrics,
  BPM: WRITTEN.bpm,
  ISRC: WRITTEN.isrc,
  ARTISTSORT: WRITTEN.sort,
  MUSICBRAINZ_ALBUMID: WRITTEN.album_id,
  MUSICBRAINZ_TRACKID: WRITTEN.track_id,
  'MY OWN': WRITTEN.own,
  TRACKNUMBER: ['3'],
  TRACKTOTAL: ['12'],
  COMPILATION: ['1'],
};

const MADE: readonly TargetName[] = ['flac', 'ogg', 'opus', 'mp3', 'm4a', 'wav'];
const FIXTURES = ['wv', 'tta', 'aiff'] as const;
const FILES = [...MADE, ...FIXTURES, '23.mp3'].map((suffix) => `tagged.${suffix}`);

beforeAll(() => {
  writeWav(at('sound.wav'), [noise(10_000, 16)], { rate: 48_000 });
  for (const to of MADE) convert(at('sound.wav'), at(`tagged.${to}`), to);
  copyFileSync(at('tagged.mp3'), at('tagged.23.mp3'));
  for (const suffix of FIXTURES) {
    copyFileSync(new URL(`../fixtures/tone.${suffix}`, import.meta.url), at(`tagged.${suffix}`));
  }
});

function valuesIn(path: string): Record<string, string[]> {
  const groups = Object.groupBy(tagsIn(path).fields, ({ key }) => key.toUpperCase());
  return Object.fromEntries(
    Object.entries(groups).map(([key, same = []]) => [key, same.map(({ value }) => value)]),
  );
}

describe.skipIf(lacks('mutagen'))('tags that mutagen wrote', () => {
  beforeAll(() => {
    const script = fileURLToPath(new URL('tag-with-mutagen.py', import.meta.url));
    const paths = FILES.map((name) => at(name));
    execFileSync('/usr/bin/python3', [script, ...paths], { input: JSON.stringify(WRITTEN) });
  });

  test.each(FILES)('are read whole: %s', (name) => {
    expect(valuesIn(at(name))).toEqual(EXPECTED);
    const [picture, ...others] = tagsIn(at(name)).pictures;
    expect([picture.type, picture.mime, others.length]).toEqual([3, 'image/png', 0]);
    expect(picture.bytes.equals(PICTURE)).toBe(true);
    expect(readAll(at(name)).warnings).toEqual([]);
  });

  test.each(['flac', 'ogg', 'opus', 'mp3'])('are read whole of a stream: %s', (suffix) => {
    const { info } = readStream(feedOf(readFileSync(at(`tagged.${suffix}`)), [5000, 70_000]));
    expect(info.tags.fields).toEqual(tagsIn(at(`tagged.${suffix}`)).fields);
    // They were read while they were there.
    const bytes = Buffer.alloc(PICTURE.length);
    expect(info.tags.pictures[0].bytes.read(bytes, 0)).toBe(PICTURE.length);
    expect(bytes.equals(PICTURE)).toBe(true);
  });
});

import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { beforeAll, describe, expect, test } from 'vitest';
import { convert, scratch } from '../audio-files.ts';
import { comments, withBlocks } from '../tags.ts';
import { noise, writeWav } from '../wav.ts';
import { lacks } from './judges.ts';
import { tagsIn } from './tagged.ts';

const at = scratch();
const RATE = 44_100;
const SHEET = `TITLE "The whole"
FILE "sound.wav" WAVE
  TRACK 01 AUDIO
    TITLE "One ✿"
    INDEX 01 00:00:00
  TRACK 02 AUDIO
    TITLE Two
    INDEX 00 00:00:70
    INDEX 01 00:01:15
`;
/** 1 s and 15 sectors of 1/75 s. */
const SECOND_MS = 1200;

beforeAll(() => {
  writeWav(at('sound.wav'), [noise(RATE * 2, 16), noise(RATE * 2, 16)], { rate: RATE });
  convert(at('sound.wav'), at('sound.flac'), 'flac');
  writeFileSync(
    at('text.flac'),
    withBlocks(readFileSync(at('sound.flac')), [[4, comments([['CUESHEET', SHEET]])]]),
  );
});

const chaptersIn = (path: string) =>
  tagsIn(path).chapters.map(({ startMs, title }) => [Math.round(startMs), title]);

describe('a cue sheet in a comment', () => {
  test.each(['mp3', 'm4a', 'ogg', 'opus', 'wav'] as const)('becomes chapters of %s', (to) => {
    convert(at('text.flac'), at(`text.${to}`), to);
    expect(chaptersIn(at(`text.${to}`))).toEqual([
      [0, 'One ✿'],
      [SECOND_MS, 'Two'],
    ]);
  });

  test('stays as it is in FLAC', () => {
    convert(at('text.flac'), at('again.flac'), 'flac');
    const { fields, chapters } = tagsIn(at('again.flac'));
    expect([fields, chapters]).toEqual([[{ key: 'CUESHEET', value: SHEET }], []]);
  });

  test('without tracks has none', () => {
    const list = comments([['CUESHEET', 'INDEX 01 00:00:00\nnothing']]);
    writeFileSync(at('none.flac'), withBlocks(readFileSync(at('sound.flac')), [[4, list]]));
    convert(at('none.flac'), at('none.mp3'), 'mp3');
    expect(chaptersIn(at('none.mp3'))).toEqual([]);
  });
});

describe.skipIf(lacks('metaflac'))('a cue sheet that metaflac put into FLAC', () => {
  beforeAll(() => {
    writeFileSync(at('sheet.cue'), SHEET);
    writeFileSync(at('block.flac'), readFileSync(at('sound.flac')));
    execFileSync('metaflac', [`--import-cuesheet-from=${at('sheet.cue')}`, at('block.flac')], {
      stdio: 'ignore',
    });
  });

  test('becomes chapters without titles', () => {
    const { warnings } = convert(at('block.flac'), at('block.mp3'), 'mp3');
    expect(chaptersIn(at('block.mp3'))).toEqual([
      [0, ''],
      [SECOND_MS, ''],
    ]);
    expect(warnings).toEqual(['CUESHEET was left out: mp3 has no place for such tags.']);
  });

  test('stays as it is in FLAC', () => {
    convert(at('block.flac'), at('block-again.flac'), 'flac');
    const sheetOf = (name: string) =>
      execFileSync('metaflac', ['--export-cuesheet-to=-', at(name)], { encoding: 'utf8' }).replace(
        /^FILE.*/m,
        '',
      );
    expect(sheetOf('block-again.flac')).toBe(sheetOf('block.flac'));
    expect(chaptersIn(at('block-again.flac'))).toEqual([]);
  });
});

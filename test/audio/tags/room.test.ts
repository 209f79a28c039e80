/** Programs that edit tags find room for it, and so leave the sound where it is. */
import { execFileSync } from 'node:child_process';
import { copyFileSync, readFileSync, statSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { beforeAll, describe, expect, test } from 'vitest';
import { TARGETS, type TargetName } from '../../../src/audio/plan/targets.ts';
import { convert, readAll, scratch } from '../audio-files.ts';
import { noise, writeWav } from '../wav.ts';
import { lacks, output, PYTHON } from './judges.ts';
import { tagged } from './tagged.ts';

const EDIT = fileURLToPath(new URL('edit.py', import.meta.url));
const at = scratch();
const TARGET_NAMES = Object.keys(TARGETS) as TargetName[];

const FRAMES = 88_200;
/** Of each target with tags: what an editor may add. */
const ROOM: Readonly<Record<TargetName, number>> = {
  ...{ flac: 8192, ogg: 1024, opus: 1024, mp3: 1024, m4a: 2048, wav: 1024 },
};
/** FLAC has its own with every file, as FFmpeg and FLAC's encoder have it. */
const ROOM_UNTAGGED = { ...{ ogg: 0, opus: 0, mp3: 0, m4a: 0, wav: 0 }, flac: 8192 };
/** All that there is of tags in these files, with their codebooks. */
const MOST_WRITTEN_BYTES = 16_384;

interface Edited {
  readonly room: number;
  readonly written: number;
}

const original = (to: TargetName) => at(to === 'flac' ? 'again.flac' : `tagged.${to}`);
/** What mutagen did to each file: those with tags, then those without. */
let edited: readonly Edited[] = [];

beforeAll(() => {
  const sound = writeWav(at('sound.wav'), [noise(FRAMES, 16)], { rate: 44_100 });
  const fields = [
    { key: 'TITLE', value: 'A title' },
    { key: 'ARTIST', value: 'Someone' },
  ];
  tagged(sound, at('tagged.flac'), 'flac', { fields });
  for (const to of TARGET_NAMES) {
    convert(at('tagged.flac'), original(to), to);
    copyFileSync(original(to), at(`edited.${to}`));
    convert(sound, at(`plain.${to}`), to);
  }
  if (lacks('mutagen')) return;
  const files = ['edited', 'plain'].flatMap((name) => TARGET_NAMES.map((to) => at(`${name}.${to}`)));
  const lines = execFileSync(PYTHON, [EDIT, ...files], { encoding: 'utf8' })
    .trim()
    .split('\n');
  edited = lines.map((line) => JSON.parse(line));
});

describe.skipIf(lacks('mutagen'))('mutagen', () => {
  test.each(TARGET_NAMES)('changes tags of %s in place, however long the sound is', (to) => {
    const { room, written } = edited[TARGET_NAMES.indexOf(to)];
    // The box of free space, with its head, is what mutagen counts.
    expect(room).toBe(to === 'm4a' ? ROOM.m4a - 8 : ROOM[to]);
    expect(written).toBeLessThan(MOST_WRITTEN_BYTES);
    expect(statSync(at(`edited.${to}`)).size).toBe(statSync(original(to)).size);
    const [before, after] = [original(to), at(`edited.${to}`)].map((path) => readAll(path));
    expect(after.info.tags.fields).toContainEqual({ key: 'TITLE', value: 'Another title, which is longer' });
    expect(after.warnings).toEqual([]);
    expect(after.planes).toEqual(before.planes);
  });

  test('finds no room in untagged outputs, but what FLAC always has', () => {
    const found = TARGET_NAMES.map((to, i) => [to, edited[TARGET_NAMES.length + i].room]);
    expect(Object.fromEntries(found)).toEqual(ROOM_UNTAGGED);
  });
});

describe('the room left', () => {
  test.skipIf(lacks('opusinfo'))('in Opus is no fault to its own program', () => {
    expect(output('opusinfo', [at('tagged.opus')])).not.toMatch(/warning|error|invalid|hole/i);
  });

  test.skipIf(lacks('ogginfo'))('in Ogg Vorbis is no fault to its own programs', () => {
    expect(output('ogginfo', [at('tagged.ogg')])).not.toMatch(/warning|error|invalid|hole/i);
    const comments = output('vorbiscomment', ['-l', at('tagged.ogg')]).split('\n');
    expect(comments.slice(0, 2)).toEqual(['TITLE=A title', 'ARTIST=Someone']);
  });

  test('is nothing but zeros', () => {
    for (const to of ['ogg', 'opus'] as const) {
      const bytes = readFileSync(at(`tagged.${to}`));
      const end = bytes.indexOf(to === 'ogg' ? '(libvorbis)' : '(libopus)') + (to === 'ogg' ? 12 : 9);
      const zeros = bytes.subarray(end, end + ROOM[to]);
      expect(zeros.equals(Buffer.alloc(ROOM[to]))).toBe(true);
    }
  });
});

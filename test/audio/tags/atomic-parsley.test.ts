/** AtomicParsley, which knows iTunes' tags best, finds all of them, and can go on with the file. */
import { execFileSync } from 'node:child_process';
import { beforeAll, describe, expect, test } from 'vitest';
import { bytesInMemory } from '../../../src/audio/tags/model.ts';
import { convert, readAll, scratch } from '../audio-files.ts';
import { noise, writeWav } from '../wav.ts';
import { lacks, output } from './judges.ts';
import { jpeg } from './pictures.ts';
import { tagged, tagsIn } from './tagged.ts';

const at = scratch();
const chapters = [
  { startMs: 0, endMs: null, title: 'One' },
  { startMs: 700, endMs: null, title: 'Zwei ✿' },
];
const FIELDS = [
  ['TITLE', 'Títle; 音', '©nam'],
  ['ARTIST', 'One', '©ART'],
  ['TRACKNUMBER', '3', null],
  ['TRACKTOTAL', '12', null],
  ['DISCNUMBER', '1', null],
  ['DISCTOTAL', '2', null],
  ['COMMENT', 'a comment', '©cmt'],
  ['LYRICS', 'la la', '©lyr'],
  ['BPM', '128', 'tmpo'],
  ['ALBUMARTIST', 'All', 'aART'],
  ['COPYRIGHT', '2019', 'cprt'],
  ['ISRC', 'DEA123456789', '----" [com.apple.iTunes;ISRC]'],
  ['MY OWN', 'x', '----" [com.apple.iTunes;MY OWN]'],
] as const;

beforeAll(() => {
  writeWav(at('sound.wav'), [noise(88_200, 16)], { rate: 44_100 });
  const fields = [...FIELDS.map(([key, value]) => ({ key, value })), { key: 'COMPILATION', value: '1' }];
  const front = { type: 3, mime: 'image/jpeg', description: '', bytes: bytesInMemory(jpeg(5000)) };
  tagged(at('sound.wav'), at('in.flac'), 'flac', { fields, chapters, pictures: [front] });
  convert(at('in.flac'), at('out.m4a'), 'm4a');
});

describe.skipIf(lacks('AtomicParsley'))('AtomicParsley', () => {
  test('reads every field where it looks for it', () => {
    const lines = output('AtomicParsley', [at('out.m4a'), '-t']);
    for (const [, value, name] of FIELDS) {
      if (name !== null)
        expect(lines).toContain(`Atom "${name.replace(/^(.{4})$/, '$1"')} contains: ${value}`);
    }
    expect(lines).toContain('Atom "trkn" contains: 3 of 12');
    expect(lines).toContain('Atom "disk" contains: 1 of 2');
    expect(lines).toContain('Atom "cpil" contains: true');
    expect(lines).toContain('Atom "covr" contains: 1 piece of artwork');
  });

  test('can change a title, and all else is as it was', () => {
    execFileSync('AtomicParsley', [at('out.m4a'), '--title', 'Changed', '-o', at('changed.m4a')]);
    const [before, after] = ['out.m4a', 'changed.m4a'].map((name) => ({
      ...tagsIn(at(name)),
      ...readAll(at(name)),
    }));
    const others = ({ fields }: typeof before) => fields.filter(({ key }) => key !== 'TITLE');
    expect(after.fields).toContainEqual({ key: 'TITLE', value: 'Changed' });
    expect(others(after)).toEqual(others(before));
    expect(after.pictures).toEqual(before.pictures);
    expect(after.chapters).toEqual(before.chapters);
    expect(after.chapters.map(({ title }) => title)).toEqual(['One', 'Zwei ✿']);
    expect(after.planes).toEqual(before.planes);
    expect(after.warnings).toEqual([]);
  });
});

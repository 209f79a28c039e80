import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { TARGETS, type TargetName } from '../../src/audio/plan/targets.ts';
import { convert, readAll, scratch } from './audio-files.ts';
import { remux } from './remux.ts';
import { byKey } from './tags.ts';
import { noise, writeWav } from './wav.ts';

const at = scratch();
const NAMES = Object.keys(TARGETS) as TargetName[];

describe('tags', () => {
  test.each(NAMES)('carry over from wav to %s and on to flac', (to) => {
    const tags = { INAM: 'A Títle = 音', IART: 'Someone', IPRD: 'An album', ICMT: 'two\nlines' };
    const input = writeWav(at('tags.wav'), [noise(20_000, 16)], { tags });
    convert(input, at(`tags.${to}`), to);
    convert(at(`tags.${to}`), at('tags-back.flac'), 'flac');
    const kept = Object.fromEntries(
      Object.entries(byKey(readAll(at('tags-back.flac')).info.tags)).map(([key, value]) => [
        key.toLowerCase(),
        value,
      ]),
    );
    expect(kept).toMatchObject({
      title: 'A Títle = 音',
      artist: 'Someone',
      album: 'An album',
      comment: 'two\nlines',
    });
    expect(Object.keys(kept)).not.toContain('encoder');
  });

  test('that a program wrote about a file stay behind', () => {
    const tags = { INAM: 'A title', ISFT: 'A program' };
    const input = writeWav(at('program.wav'), [noise(20_000, 16)], { tags });
    expect(byKey(readAll(input).info.tags)).toEqual({ TITLE: 'A title' });
    convert(input, at('program.m4a'), 'm4a');
    // The container has its brands and a handler's name.
    expect(readFileSync(at('program.m4a')).includes('ftypM4A ')).toBe(true);
    expect(byKey(readAll(at('program.m4a')).info.tags)).toEqual({ TITLE: 'A title' });
    convert(at('program.m4a'), at('program.flac'), 'flac');
    expect(byKey(readAll(at('program.flac')).info.tags)).toEqual({ TITLE: 'A title' });
  });

  test('that count a track of Matroska, or name it, stay behind; those about its music carry over', () => {
    convert(writeWav(at('track.wav'), [noise(20_000, 16)]), at('track.flac'), 'flac');
    remux(at('track.flac'), at('track.mka'), 'matroska', {
      container: { comment: 'Of all' },
      stream: {
        title: 'Surround',
        language: 'ger',
        ARTIST: 'Someone',
        BPS: '324014',
        'NUMBER_OF_BYTES-eng': '20',
        CUES: '7',
        BPSX: 'kept',
        _STATISTICS_TAGS: 'BPS CUES NUMBER_OF_BYTES',
        _STATISTICS_WRITING_APP: 'a program',
      },
    });
    convert(at('track.mka'), at('track-out.flac'), 'flac');
    const { tags } = readAll(at('track-out.flac')).info;
    expect(byKey(tags)).toEqual({ ARTIST: 'Someone', BPSX: 'kept', COMMENT: 'Of all' });
  });

  test('that mkvmerge left in a file of another kind are found by its own list', () => {
    convert(writeWav(at('left.wav'), [noise(20_000, 16)]), at('left.flac'), 'flac');
    const container = { BPS: '1', TITLE: 'x', NUMBER_OF_FRAMES: '3', _STATISTICS_TAGS: 'BPS' };
    remux(at('left.flac'), at('left-tagged.flac'), 'flac', { container });
    expect(byKey(readAll(at('left-tagged.flac')).info.tags)).toEqual({ TITLE: 'x', NUMBER_OF_FRAMES: '3' });
  });

  test('of a stream of M4A, its language and its name, stay behind', () => {
    convert(writeWav(at('named.wav'), [noise(20_000, 16)]), at('named.m4a'), 'm4a');
    const stream = { language: 'ger', title: 'Surround', handler_name: 'A track' };
    remux(at('named.m4a'), at('named.mov'), 'mov', { stream, container: { title: 'x' } });
    expect(byKey(readAll(at('named.mov')).info.tags)).toEqual({ TITLE: 'x' });
  });
});

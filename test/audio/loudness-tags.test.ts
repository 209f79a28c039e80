import { readFileSync, writeFileSync } from 'node:fs';
import { beforeAll, describe, expect, test } from 'vitest';
import { fitLoudness } from '../../src/audio/plan/loudness-tags.ts';
import { TARGETS, type TargetName } from '../../src/audio/plan/targets.ts';
import { NO_TAGS } from '../../src/audio/tags/model.ts';
import { convert, type Job, levelAt, readAll, scratch } from './audio-files.ts';
import { withHeaderGain } from './ogg.ts';
import { remux } from './remux.ts';
import { byKey } from './tags.ts';
import { to16, tone, writeWav } from './wav.ts';

const at = scratch();
const NAMES = Object.keys(TARGETS) as TargetName[];

const REPLAYGAIN = {
  REPLAYGAIN_TRACK_GAIN: '-6.20 dB',
  REPLAYGAIN_TRACK_PEAK: '0.500000',
  REPLAYGAIN_ALBUM_GAIN: '-7.05 dB',
  REPLAYGAIN_ALBUM_PEAK: '0.625000',
};

function fitted(tags: Record<string, string>, to: TargetName, gainDb = 0) {
  const fields = Object.entries(tags).map(([key, value]) => ({ key, value }));
  const change = { gainDb, bits: to === 'flac' ? 16 : null, levelUnknown: false };
  const { fields: kept, warnings } = fitLoudness(fields, to, change);
  return { tags: byKey({ ...NO_TAGS, fields: kept }), warnings };
}

describe('after a gain', () => {
  test.each<[tag: string, value: string, gainDb: number, now: string]>([
    ['REPLAYGAIN_TRACK_GAIN', '-6.20 dB', 3, '-9.20 dB'],
    ['REPLAYGAIN_ALBUM_GAIN', '-6.20 dB', -6.2, '0.00 dB'],
    ['replaygain_track_gain', '+1.5 dB', 0.125, '1.38 dB'],
    ['replaygain_album_gain', ' -6,20 db ', 1, '-7.20 dB'],
    ['REPLAYGAIN_TRACK_GAIN', '2', 1, '1.00 dB'],
    ['REPLAYGAIN_GAIN', '-1 dB', -1, '0.00 dB'],
    ['REPLAYGAIN_TRACK_PEAK', '0.8', -20, '0.080000'],
    ['REPLAYGAIN_ALBUM_PEAK', '0.05', 20, '0.500000'],
    ['REPLAYGAIN_REFERENCE_LOUDNESS', '89.0 dB', 5, '89.0 dB'],
    ['REPLAYGAIN_TRACK_RANGE', '7.1 dB', 5, '7.1 dB'],
  ])('%s of %s and %d dB is exact: %s', (tag, value, gainDb, now) => {
    const { tags, warnings } = fitted({ [tag]: value, TITLE: 'x' }, 'flac', gainDb);
    expect(tags).toEqual({ TITLE: 'x', [tag]: now });
    expect(warnings).toEqual(['ReplayGain and R128 tags were adjusted by the gain.']);
  });

  test.each<[tag: string, value: string, gainDb: number, now: string]>([
    ['R128_TRACK_GAIN', '-1000', 2.5, '-1640'],
    ['r128_album_gain', '0', -10, '2560'],
  ])('%s of %s and %d dB is exact: %s', (tag, value, gainDb, now) => {
    expect(fitted({ [tag]: value }, 'opus', gainDb).tags).toEqual({ [tag]: now });
  });

  test.each<[what: string, tag: string, value: string, gainDb: number]>([
    ['whose numbers are of another kind', 'iTunNORM', ' 00000318 00000318', -3],
    ['that is no number', 'REPLAYGAIN_TRACK_GAIN', 'loud', -3],
    ['of several values', 'REPLAYGAIN_TRACK_GAIN', '-6.20 dB;-6.20 dB', -3],
    ['that nobody knows', 'REPLAYGAIN_TRACK_MOOD', '-6.20', -3],
    ['of an audio file that is clipped by it', 'REPLAYGAIN_TRACK_PEAK', '0.9', 3],
    ['out of its range', 'R128_TRACK_GAIN', '-32000', 100],
  ])('a tag %s is left out, with a note', (_what, tag, value, gainDb) => {
    const to = tag.startsWith('R128') ? 'opus' : 'flac';
    const { tags, warnings } = fitted({ [tag]: value, TITLE: 'x' }, to, gainDb);
    expect(tags).toEqual({ TITLE: 'x' });
    expect(warnings).toEqual([`${tag} was left out: what they say after the gain is not known.`]);
  });

  test('a peak tells that all of its scope is not known any more, and of no other', () => {
    const { tags } = fitted(REPLAYGAIN, 'flac', 5);
    expect(tags).toEqual({ REPLAYGAIN_TRACK_GAIN: '-11.20 dB', REPLAYGAIN_TRACK_PEAK: '0.889140' });
    // Where nothing is clipped it may be what it likes.
    expect(fitted(REPLAYGAIN, 'mp3', 5).tags.REPLAYGAIN_ALBUM_PEAK).toBe('1.111425');
  });

  test.each(NAMES)('of 0 dB all stays as it is: %s', (to) => {
    const tags = to === 'opus' ? { R128_TRACK_GAIN: '-1000' } : REPLAYGAIN;
    expect(fitted({ ...tags, iTunNORM: 'x' }, to)).toEqual({
      tags: { ...tags, iTunNORM: 'x' },
      warnings: [],
    });
  });
});

describe('the family that players look for', () => {
  test('in Opus is R128, towards -23 LUFS', () => {
    const { tags, warnings } = fitted({ ...REPLAYGAIN, TITLE: 'x' }, 'opus');
    // -6.20 dB towards -18 LUFS is -11.20 dB towards -23.
    expect(tags).toEqual({ TITLE: 'x', R128_TRACK_GAIN: '-2867', R128_ALBUM_GAIN: '-3085' });
    expect(warnings).toEqual([
      'opus has R128 tags: the REPLAYGAIN gains became such.',
      'REPLAYGAIN_ALBUM_PEAK, REPLAYGAIN_TRACK_PEAK were left out: opus has no place for such tags.',
    ]);
  });

  test.each(NAMES.filter((to) => to !== 'opus'))('in %s is ReplayGain, towards -18 LUFS', (to) => {
    const { tags, warnings } = fitted({ R128_TRACK_GAIN: '-2867', R128_ALBUM_GAIN: '0' }, to);
    expect(tags).toEqual({ REPLAYGAIN_TRACK_GAIN: '-6.20 dB', REPLAYGAIN_ALBUM_GAIN: '5.00 dB' });
    expect(warnings).toEqual([`${to} has REPLAYGAIN tags: the R128 gains became such.`]);
  });

  test.each([
    ['89.0 dB', '-2867'],
    ['83 dB', '-1331'],
    ['-18.00 LUFS', '-2867'],
    ['-23.00 LUFS', '-1587'],
  ])('takes a reference of %s into account', (reference, gain) => {
    const tags = { REPLAYGAIN_TRACK_GAIN: '-6.20 dB', REPLAYGAIN_REFERENCE_LOUDNESS: reference };
    expect(fitted(tags, 'opus').tags).toEqual({ R128_TRACK_GAIN: gain });
  });

  test('is kept where a file has both', () => {
    const both = { REPLAYGAIN_TRACK_GAIN: '-6.20 dB', R128_TRACK_GAIN: '7' };
    expect(fitted(both, 'opus').tags).toEqual({ R128_TRACK_GAIN: '7' });
    expect(fitted(both, 'flac').tags).toEqual({ REPLAYGAIN_TRACK_GAIN: '-6.20 dB' });
  });

  test('comes out the same by way of Opus and back', () => {
    for (let cents = -2500; cents < 2500; cents += 37) {
      const tags = { REPLAYGAIN_TRACK_GAIN: `${(cents / 100).toFixed(2)} dB` };
      expect(fitted(fitted(tags, 'opus').tags as Record<string, string>, 'flac').tags).toEqual(tags);
    }
  });

  test('is never made of what is no number', () => {
    expect(fitted({ REPLAYGAIN_TRACK_GAIN: 'loud' }, 'opus').tags).toEqual({});
    expect(fitted({ R128_TRACK_GAIN: 'x', R128_ODD: '1' }, 'flac').tags).toEqual({});
  });
});

describe('in files', () => {
  beforeAll(() => {
    writeWav(at('tone.wav'), [to16(tone(24_000, 48_000, 440, 0.25))], { rate: 48_000 });
    convert(at('tone.wav'), at('plain.flac'), 'flac');
    remux(at('plain.flac'), at('tagged.flac'), 'flac', { container: { ...REPLAYGAIN, iTunNORM: ' 0318' } });
    convert(at('tagged.flac'), at('tagged.opus'), 'opus');
  });

  const tagsOf = (path: string) => byKey(readAll(path).info.tags);
  const level = (path: string) => levelAt(readAll(path).planes[0].subarray(4800, 19_200), 48_000, 440);

  test.each<[TargetName, Record<string, string>]>([
    ['flac', { REPLAYGAIN_TRACK_GAIN: '-3.20 dB', REPLAYGAIN_TRACK_PEAK: '0.353973' }],
    ['ogg', { REPLAYGAIN_TRACK_GAIN: '-3.20 dB', REPLAYGAIN_ALBUM_GAIN: '-4.05 dB' }],
    ['mp3', { REPLAYGAIN_TRACK_GAIN: '-3.20 dB', REPLAYGAIN_ALBUM_PEAK: '0.442466' }],
    ['opus', { R128_TRACK_GAIN: '-2099', R128_ALBUM_GAIN: '-2317' }],
  ])('a gain of -3 dB reaches the tags of %s', (to, tags) => {
    const { warnings } = convert(at('tagged.flac'), at(`gain.${to}`), to, { gainDb: -3 });
    const kept = tagsOf(at(`gain.${to}`));
    expect(kept).toMatchObject(tags);
    const other = to === 'opus' ? 'REPLAYGAIN' : 'R128';
    expect(Object.keys(kept).filter((key) => key.startsWith(other) || key === 'iTunNORM')).toEqual([]);
    expect(warnings).toContain('iTunNORM was left out: what they say after the gain is not known.');
    expect(20 * Math.log10(level(at(`gain.${to}`)) / level(at('tone.wav')))).toBeCloseTo(-3, 0);
  });

  test.each<[string, Job]>([
    ['a fade', { fadeInSeconds: 0.1 }],
    ['a mix', { channels: 2 }],
    ['a kernel', { process: () => () => {} }],
  ])('%s takes them away, with a note', (_what, job) => {
    const { warnings } = convert(at('tagged.flac'), at('changed.flac'), 'flac', job);
    expect(tagsOf(at('changed.flac'))).toEqual({});
    expect(warnings).toEqual([
      expect.stringMatching(/^REPLAYGAIN_ALBUM_GAIN, .*, iTunNORM were left out: by/),
    ]);
  });

  test('another rate, depth or codec leaves them as they are', () => {
    convert(at('tagged.flac'), at('same.flac'), 'flac', { rate: 32_000, bits: 24 });
    expect(tagsOf(at('same.flac'))).toEqual({ ...REPLAYGAIN, iTunNORM: ' 0318' });
  });

  test('the gain in the header of Opus counts once: in the samples, and not in the tags', () => {
    writeFileSync(at('quiet.opus'), withHeaderGain(readFileSync(at('tagged.opus')), -4.5 * 256));
    convert(at('quiet.opus'), at('quiet.flac'), 'flac');
    convert(at('quiet.opus'), at('again.opus'), 'opus');
    for (const name of ['quiet.flac', 'again.opus']) {
      expect(20 * Math.log10(level(at(name)) / level(at('tagged.opus')))).toBeCloseTo(-4.5, 1);
    }
    expect(tagsOf(at('quiet.flac')).REPLAYGAIN_TRACK_GAIN).toBe('-6.20 dB');
    expect(tagsOf(at('again.opus')).R128_TRACK_GAIN).toBe('-2867');
    const written = readFileSync(at('again.opus'));
    expect(written.readInt16LE(written.indexOf('OpusHead') + 16)).toBe(0);
  });
});

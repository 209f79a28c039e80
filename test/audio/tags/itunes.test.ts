/** iTunes' numbers in comments: its loudness carries over, what its encoder put in front does not. */
import { execFileSync } from 'node:child_process';
import { beforeAll, describe, expect, test } from 'vitest';
import { convert, scratch } from '../audio-files.ts';
import { noise, writeWav } from '../wav.ts';
import { lacks, mutagen, PYTHON } from './judges.ts';

const at = scratch();
const NORM = ' 00000A2B 00000A2B 00003F1C 00003F1C 00024CA8 00024CA8 00007FFF 00007FFF 00024CA8 00024CA8';
const SMPB =
  ' 00000000 00000840 000001C0 0000000000ABCDEF 00000000 00000000 00000000 00000000 00000000 00000000';

/** As iTunes writes them. */
const WRITE = `
import sys
from mutagen.id3 import ID3, COMM
from mutagen.mp4 import MP4, MP4FreeForm
mp3, m4a, norm, smpb = sys.argv[1:]
tags = ID3()
for name, value in (("iTunNORM", norm), ("iTunSMPB", smpb)):
    tags.add(COMM(encoding=0, lang="eng", desc=name, text=value))
tags.add(COMM(encoding=0, lang="eng", desc="", text="a comment"))
tags.save(mp3)
audio = MP4(m4a)
for name, value in (("iTunNORM", norm), ("iTunSMPB", smpb)):
    audio["----:com.apple.iTunes:" + name] = MP4FreeForm(value.encode())
audio.save()
`;

describe.skipIf(lacks('mutagen'))("iTunes' numbers", () => {
  beforeAll(() => {
    writeWav(at('sound.wav'), [noise(20_000, 16)], { rate: 44_100 });
    for (const to of ['mp3', 'm4a'] as const) convert(at('sound.wav'), at(`in.${to}`), to);
    execFileSync(PYTHON, ['-c', WRITE, at('in.mp3'), at('in.m4a'), NORM, SMPB]);
  });

  test.each(['mp3', 'm4a'] as const)('of %s are where iTunes looks for them', (from) => {
    for (const to of ['mp3', 'm4a', 'flac'] as const) convert(at(`in.${from}`), at(`out.${to}`), to);
    const names = { mp3: 'COMM:iTunNORM:eng', m4a: '----:com.apple.iTunes:iTunNORM', flac: 'iTunNORM' };
    const found = mutagen(at('out.mp3'), at('out.m4a'), at('out.flac'));
    for (const [i, name] of Object.values(names).entries()) {
      expect(found[i].fields).toContainEqual([name, NORM]);
      expect(JSON.stringify(found[i].fields)).not.toMatch(/SMPB/i);
    }
    if (from === 'mp3') expect(found[0].fields).toContainEqual(['COMM::eng', 'a comment']);
  });

  test('go with a gain, in a note', () => {
    const { warnings } = convert(at('in.mp3'), at('louder.mp3'), 'mp3', { gainDb: -3 });
    expect(warnings).toEqual([expect.stringMatching(/^iTunNORM was left out/)]);
    expect(JSON.stringify(mutagen(at('louder.mp3')))).not.toContain('iTun');
  });
});

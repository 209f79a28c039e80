import { readFileSync, writeFileSync } from 'node:fs';
import { beforeAll, describe, expect, test } from 'vitest';
import { convert, readAll, scratch } from './audio-files.ts';
import { refusal } from './refusal.ts';
import { remux } from './remux.ts';
import { ape, byKey } from './tags.ts';
import { noise, writeWav } from './wav.ts';

const at = scratch();
const FRAMES = 12_000;
const LEFT_OUT = 'What lies behind the sound was left out: it is no sound.';
const NO_CHUNK = 'What lies behind the sound was left out: it is no chunk.';
const NO_TAGS = 'What lies behind the sound was left out: files of this format have no such tags.';

const files = new Map<string, Buffer>();

const id3v1 = Buffer.alloc(128);
id3v1.write('TAGA title');
const lyrics = Buffer.from('LYRICSBEGININD0000200LYR00005hello000034LYRICS200');
const tags = ape([['Title', 'A title']]);
const BEHIND: readonly (readonly [what: string, bytes: Buffer])[] = [
  ['an ID3v1 tag', id3v1],
  ['an APEv2 tag', tags],
  ['an APEv2 tag and an ID3v1 tag', Buffer.concat([tags, id3v1])],
  ['lyrics and an ID3v1 tag', Buffer.concat([lyrics, id3v1])],
  ['a few zeros', Buffer.alloc(100)],
  ['many zeros', Buffer.alloc(100_000)],
  ['ones', Buffer.alloc(3000, 0xff)],
  ['junk', Buffer.from(noise(5000, 8).map((value) => value + 128))],
];
const TAGS = BEHIND.slice(0, 4);

beforeAll(() => {
  writeWav(at('sound.wav'), [noise(FRAMES, 12)]);
  files.set('wav', readFileSync(at('sound.wav')));
  convert(at('sound.wav'), at('sound.flac'), 'flac');
  files.set('flac', readFileSync(at('sound.flac')));
  files.set('oga', readFileSync(remux(at('sound.flac'), at('sound.oga'), 'ogg')));
  files.set('mka', readFileSync(remux(at('sound.flac'), at('sound.mka'), 'matroska')));
  for (const name of ['wv', 'tta', 'aiff', 'caf', 'au', 'w64']) {
    files.set(name, readFileSync(new URL(`fixtures/tone.${name}`, import.meta.url)));
  }
  for (const [name, bytes] of files) writeFileSync(at(name), bytes);
});

/** Before a length was known: FLAC has it in 36 bits of its first block, WavPack in each block. */
function unknownLength(name: 'flac' | 'wv'): Buffer {
  const bytes = Buffer.from(files.get(name)!);
  if (name === 'flac') bytes.fill(0, 22, 26);
  else for (let i = 0; i >= 0; i = bytes.indexOf('wvpk', i + 1)) bytes.writeUInt32LE(0xffff_ffff, i + 12);
  return bytes;
}

function readWith(bytes: Buffer, behind: Buffer) {
  writeFileSync(at('with'), Buffer.concat([bytes, behind]));
  return readAll(at('with'), 's32');
}

describe('what lies behind the sound', () => {
  test.each(
    ['flac', 'oga', 'wav', 'aiff', 'caf', 'au', 'w64'].flatMap((name) =>
      BEHIND.map(([what, bytes]) => ({ name, what, bytes })),
    ),
  )('is left out, with a note: $what behind $name', ({ name, bytes }) => {
    const read = readWith(files.get(name)!, bytes);
    expect(read.planes).toEqual(readAll(at(name), 's32').planes);
    expect(read.warnings).toEqual([['flac', 'oga', 'au'].includes(name) ? LEFT_OUT : NO_CHUNK]);
  });

  test.each(
    ['wv', 'tta', 'mka'].flatMap((name) => BEHIND.map(([what, bytes]) => ({ name, what, bytes }))),
  )('does no harm: $what behind $name', ({ name, bytes }) => {
    const read = readWith(files.get(name)!, bytes);
    expect(read.planes).toEqual(readAll(at(name), 's32').planes);
    expect([LEFT_OUT, undefined]).toContain(read.warnings[0]);
  });

  test.each(['wv', 'tta'])('is read where it is APEv2, also with an ID3v1 tag behind that: %s', (name) => {
    const read = readWith(files.get(name)!, Buffer.concat([tags, id3v1]));
    expect([byKey(read.info.tags).TITLE, read.warnings]).toEqual(['A title', []]);
  });

  test.each(TAGS)('is left out where it is %s and nobody knows how long the sound is', (_, bytes) => {
    const flac = readWith(unknownLength('flac'), bytes);
    expect(flac.info.announcedFrames).toBeNull();
    expect([flac.planes, flac.warnings]).toEqual([readAll(at('flac'), 's32').planes, [NO_TAGS]]);
    const wavpack = readWith(unknownLength('wv'), bytes);
    expect(wavpack.info.announcedFrames).toBeNull();
    expect(wavpack.planes).toEqual(readAll(at('wv'), 's32').planes);
  });

  test('is left out behind APEv2 tags, which are read, where WavPack does not know how long it is', () => {
    const read = readWith(unknownLength('wv'), Buffer.concat([tags, lyrics, id3v1]));
    expect([byKey(read.info.tags).TITLE, read.warnings]).toEqual(['A title', [NO_TAGS]]);
  });

  test('is left out to its end, whatever it begins like', () => {
    const read = readWith(files.get('flac')!, Buffer.concat([Buffer.alloc(100), files.get('flac')!]));
    expect([read.frames, read.warnings]).toEqual([FRAMES, [LEFT_OUT]]);
  });

  test.each([
    'flac',
    'wv',
  ] as const)('may be what is left of more sound where nobody knows how long that is: %s', (name) => {
    for (const bytes of [Buffer.alloc(3000), BEHIND[7][1]]) {
      expect(() => readWith(unknownLength(name), bytes)).toThrow(refusal('ERR_AUDIO_DECODE', 'damage'));
    }
  });

  test.each(['flac', 'wv', 'tta'] as const)('hides no damage: %s', (name) => {
    const bytes = Buffer.from(files.get(name)!);
    bytes.fill(0x55, bytes.length - 100, bytes.length - 60);
    for (const behind of [Buffer.alloc(0), id3v1, Buffer.alloc(3000)]) {
      expect(() => readWith(bytes, behind)).toThrow(refusal('ERR_AUDIO_DECODE'));
    }
  });

  test('is missing where WavPack ends between two blocks', () => {
    const bytes = Buffer.from(files.get('wv')!);
    bytes.writeUInt32LE(bytes.readUInt32LE(12) * 2, 12);
    for (const behind of [Buffer.alloc(0), id3v1]) {
      expect(() => readWith(bytes, behind)).toThrow(refusal('ERR_AUDIO_DECODE'));
    }
  });

  test.each(['flac', 'wv', 'tta'] as const)('is not the end that is missing: %s', (name) => {
    const bytes = files.get(name)!;
    for (const behind of [Buffer.alloc(0), id3v1, Buffer.alloc(3000)]) {
      expect(() => readWith(bytes.subarray(0, bytes.length - 100), behind)).toThrow(
        refusal('ERR_AUDIO_DECODE'),
      );
    }
  });
});

/** ID3 as its versions have it, and as programs of old wrote it. */
import { readFileSync, writeFileSync } from 'node:fs';
import { deflateSync } from 'node:zlib';
import { beforeAll, describe, expect, test } from 'vitest';
import { convert, scratch } from '../audio-files.ts';
import { big, byKey, id3, id3Frame } from '../tags.ts';
import { noise, writeWav } from '../wav.ts';
import { tagsIn } from './tagged.ts';

const at = scratch();
let sound: Buffer;
const PICTURE = Buffer.from([0xff, 0xd8, 0xff, 0, 0xff, 0xe0, 1, 0xff, 0xff, 0, 0, 0xff]);

beforeAll(() => {
  writeWav(at('a.wav'), [noise(5000, 16)]);
  convert(at('a.wav'), at('a.mp3'), 'mp3');
  const mp3 = readFileSync(at('a.mp3'));
  sound = mp3.subarray(mp3.indexOf(Buffer.from([0xff, 0xfb])));
});

function read(tag: Buffer) {
  writeFileSync(at('tagged.mp3'), Buffer.concat([tag, sound]));
  return tagsIn(at('tagged.mp3'));
}

/** With a zero behind each FF that something might be taken for a frame of MP3 by. */
function unsynchronised(bytes: Buffer): Buffer {
  return Buffer.concat([...bytes].map((byte) => Buffer.from(byte === 0xff ? [byte, 0] : [byte])));
}

const picture = Buffer.concat([Buffer.from('\0image/jpeg\0\x03\0', 'latin1'), PICTURE]);

describe('ID3', () => {
  test('of version 3 that is unsynchronised as a whole is read as it was meant', () => {
    const plain = id3([id3Frame('TIT2', '\0x'), id3Frame('APIC', picture), id3Frame('TALB', '\0y')]);
    const body = unsynchronised(plain.subarray(10));
    const { fields, pictures } = read(id3([body], { flags: 0x80 }));
    expect(fields.map(({ value }) => value)).toEqual(['x', 'y']);
    expect(pictures[0].bytes).toEqual(PICTURE);
  });

  test('of version 4 that has one unsynchronised frame is read as it was meant', () => {
    const bytes = unsynchronised(picture);
    const frame = id3Frame('APIC', Buffer.concat([big(picture.length), bytes]), 4, 0x03);
    const { pictures, fields } = read(id3([frame, id3Frame('TALB', '\0y', 4)], { version: 4 }));
    expect(pictures[0].bytes).toEqual(PICTURE);
    expect(fields).toEqual([{ key: 'ALBUM', value: 'y' }]);
  });

  test.each([
    ['version 3', 3, 0x80, (text: Buffer) => Buffer.concat([big(text.length), deflateSync(text)])],
    ['version 4', 4, 0x09, (text: Buffer) => Buffer.concat([big(text.length), deflateSync(text)])],
  ] as const)('with a packed frame is read: %s', (_, version, flags, pack) => {
    const frame = id3Frame('TIT2', pack(Buffer.from('\0packed')), version, flags);
    expect(byKey(read(id3([frame], { version })))).toEqual({ TITLE: 'packed' });
  });

  test('of version 2 has other names, and pictures of three letters', () => {
    const tag = id3(
      [
        id3Frame('TT2', '\0title', 2),
        id3Frame('TRK', '\u00003/12', 2),
        id3Frame('COM', '\0eng\0said', 2),
        id3Frame('ULT', '\0eng\0sung', 2),
        id3Frame('PIC', Buffer.concat([Buffer.from('\0JPG\x03\0', 'latin1'), PICTURE]), 2),
      ],
      { version: 2 },
    );
    const tags = read(tag);
    const { pictures } = tags;
    expect(byKey(tags)).toEqual({
      ...{ TITLE: 'title', TRACKNUMBER: '3', TRACKTOTAL: '12', COMMENT: 'said', LYRICS: 'sung' },
    });
    expect([pictures[0].mime, pictures[0].type, pictures[0].bytes]).toEqual(['image/jpeg', 3, PICTURE]);
  });

  test('of version 3 has its date in three frames', () => {
    const frames = [id3Frame('TYER', '\x002003'), id3Frame('TDAT', '\x000105'), id3Frame('TIME', '\x002359')];
    expect(byKey(read(id3(frames)))).toEqual({ DATE: '2003-05-01T23:59' });
    expect(byKey(read(id3(frames.slice(0, 1))))).toEqual({ DATE: '2003' });
  });

  test.each([
    ['(17)', 'Rock'],
    ['17', 'Rock'],
    ['(4)Eurodisco', 'Disco;Eurodisco'],
    ['(51)(39)', 'Techno-Industrial;Noise'],
    ['(RX)', 'Remix'],
    ['((odd)', '(odd)'],
    ['(999)', '(999)'],
  ])('genres of %s are %s', (written, genres) => {
    expect(byKey(read(id3([id3Frame('TCON', `\0${written}`)])))).toEqual({ GENRE: genres });
  });

  test('with an extended head of either version begins behind it', () => {
    const three = Buffer.concat([big(6), Buffer.alloc(6)]);
    const four = Buffer.from([0, 0, 0, 6, 1, 0]);
    const frames = (version: 3 | 4) => id3Frame('TIT2', '\0x', version);
    expect(byKey(read(id3([three, frames(3)], { flags: 0x40 })))).toEqual({ TITLE: 'x' });
    expect(byKey(read(id3([four, frames(4)], { version: 4, flags: 0x40 })))).toEqual({ TITLE: 'x' });
  });

  test('v1 counts where v2 says nothing', () => {
    const old = Buffer.alloc(128);
    old.write('TAGshort'.padEnd(33, '\0'), 'latin1');
    old.write('somebody', 33, 'latin1');
    old[126] = 7;
    old[127] = 17;
    writeFileSync(at('old.mp3'), Buffer.concat([id3([id3Frame('TIT2', '\0the whole title')]), sound, old]));
    expect(byKey(tagsIn(at('old.mp3')))).toEqual({
      ...{ TITLE: 'the whole title', ARTIST: 'somebody', TRACKNUMBER: '7', GENRE: 'Rock' },
    });
  });
});

import { readFileSync, writeFileSync } from 'node:fs';
import { deflateSync } from 'node:zlib';
import { beforeAll, describe, expect, test } from 'vitest';
import { openDecoder } from '../../src/audio/open-decoder.ts';
import { convert, readAll, scratch } from './audio-files.ts';
import {
  aiffChunk,
  cafTags,
  info,
  riffChunk,
  w64Tags,
  withAiffChunks,
  withCafChunks,
  withChunks,
  withInfo,
  withW64Chunks,
} from './chunks.ts';
import { withPacket, withSerial, withTags } from './ogg.ts';
import { refusal } from './refusal.ts';
import {
  ape,
  comments,
  dsf,
  entries,
  freeform,
  id3,
  id3Frame,
  keyed,
  matroskaTags,
  nestedTags,
  packedHeader,
  repeated,
  title,
  userFrames,
  withAsfTags,
  withBlocks,
  withBoxes,
  withElements,
} from './tags.ts';
import { to16, tone, writeWav } from './wav.ts';

const at = scratch();
const FEW = entries(100);
/** FFmpeg would compare 160 million letters. */
const MANY = entries(6000);

const TARGETS = ['flac', 'mp3', 'ogg', 'opus', 'm4a'] as const;
const FIXTURES = ['wv', 'tta', 'aac', 'mka', 'wma', 'avi', 'aiff', 'caf', 'w64'] as const;
type Name = (typeof TARGETS)[number] | (typeof FIXTURES)[number] | 'wav';
const files = {} as Record<Name, Buffer>;
const frames = {} as Record<Name, number>;

beforeAll(() => {
  writeWav(at('tone.wav'), [to16(tone(9000, 48_000, 440))], { rate: 48_000 });
  for (const name of TARGETS) {
    convert(at('tone.wav'), at(`tone.${name}`), name);
    files[name] = readFileSync(at(`tone.${name}`));
    // FFmpeg begins each with a tag of its own.
    if (name === 'mp3') files.mp3 = files.mp3.subarray(files.mp3.indexOf(0xff));
  }
  files.wav = readFileSync(at('tone.wav'));
  for (const name of FIXTURES) {
    files[name] = readFileSync(new URL(`fixtures/tone.${name}`, import.meta.url));
  }
  for (const [name, bytes] of Object.entries(files)) {
    writeFileSync(at(name), bytes);
    frames[name as Name] = readAll(at(name)).frames;
  }
});

type List = readonly (readonly [string, string])[];

/** Files with tags where FFmpeg can be kept from them. */
const OUTER: readonly (readonly [what: string, name: Name, file: (list: List) => Buffer[]])[] = [
  ['ID3v2.2 before MP3', 'mp3', (list) => [id3(userFrames(list, 2), { version: 2 }), files.mp3]],
  ['ID3v2.3 before MP3', 'mp3', (list) => [id3(userFrames(list)), files.mp3]],
  ['ID3v2.4 before MP3', 'mp3', (list) => [id3(userFrames(list, 4), { version: 4 }), files.mp3]],
  [
    'ID3v2.4 with lengths of 2.3 before MP3',
    'mp3',
    (list) => [
      id3([id3Frame('PRIV', `owner\0${'x'.repeat(300)}`), ...userFrames(list, 4)], { version: 4 }),
      files.mp3,
    ],
  ],
  ['one ID3 tag for each before MP3', 'mp3', (list) => [...userFrames(list).map((f) => id3([f])), files.mp3]],
  ['ID3 before AAC', 'aac', (list) => [id3(userFrames(list)), files.aac]],
  ['ID3 before FLAC', 'flac', (list) => [id3(userFrames(list)), files.flac]],
  ['APEv2 behind TTA', 'tta', (list) => [files.tta, ape(list)]],
  ['APEv2 behind WavPack', 'wv', (list) => [files.wv, ape(list)]],
  ['APEv2 behind AAC', 'aac', (list) => [files.aac, ape(list)]],
  ['INFO behind the sound of WAV', 'wav', (list) => [files.wav, info(list)]],
  ['ID3 behind the sound of WAV', 'wav', (list) => [files.wav, riffChunk('id3 ', id3(userFrames(list)))]],
  ['ID3 behind the sound of AIFF', 'aiff', (list) => [withAiffChunks(files.aiff, [], [aiffId3(list)])]],
  ['tags behind the sound of CAF', 'caf', (list) => [files.caf, cafTags(list)]],
  ['tags behind the sound of W64', 'w64', (list) => [files.w64, w64Tags(list)]],
];

/** Files with tags where FFmpeg can't be kept from them. */
const INNER: readonly (readonly [what: string, name: Name, file: (list: List) => Buffer[]])[] = [
  ['FLAC', 'flac', (list) => [withBlocks(files.flac, [[4, comments(list)]])]],
  ['Ogg Vorbis', 'ogg', (list) => [withTags(files.ogg, vorbisTags(list))]],
  ['Opus', 'opus', (list) => [withTags(files.opus, opusTags(list))]],
  ['MP4, as iTunes writes them', 'm4a', (list) => [withBoxes(files.m4a, freeform(list))]],
  ['MP4, as QuickTime writes them', 'm4a', (list) => [withBoxes(files.m4a, keyed(list))]],
  ['Matroska', 'mka', (list) => [withElements(files.mka, matroskaTags(list))]],
  ['ASF', 'wma', (list) => [withAsfTags(files.wma, list)]],
  ['AVI', 'avi', (list) => [withInfo(files.avi, list)]],
  ['WAV', 'wav', (list) => [withChunks(files.wav, [info(list)])]],
  ['WAV, as ID3', 'wav', (list) => [withChunks(files.wav, [riffChunk('ID3 ', id3(userFrames(list)))])]],
  ['AIFF, as ID3', 'aiff', (list) => [withAiffChunks(files.aiff, [aiffId3(list)])]],
  ['CAF', 'caf', (list) => [withCafChunks(files.caf, [cafTags(list)])]],
  ['W64', 'w64', (list) => [withW64Chunks(files.w64, [w64Tags(list)])]],
  ['AAC between its frames', 'aac', (list) => [files.aac, id3(userFrames(list)), files.aac]],
];

describe('a hundred tags', () => {
  test('DSF are read as ever', () => {
    writeFileSync(at('few.dsf'), dsf(id3(userFrames(FEW))));
    const { info, frames, warnings } = readAll(at('few.dsf'));
    expect([info.tags.fields.length, frames, warnings]).toEqual([100, 4096, []]);
  });

  test.each([...OUTER, ...INNER])('%s are read as ever', (what, name, file) => {
    writeFileSync(at('few'), Buffer.concat(file(FEW)));
    const decoder = openDecoder(at('few'));
    const { info, warnings } = decoder;
    decoder.close();
    // FLAC's own tags win over those before it.
    if (what !== 'ID3 before FLAC') expect(info.tags.fields.length).toBeGreaterThanOrEqual(100);
    expect([info.codec.length > 0, warnings]).toEqual([true, []]);
    expect(readAll(at('few')).frames).toBeGreaterThanOrEqual(frames[name]);
  });
});

describe('thousands of tags', () => {
  test.each(OUTER)('%s are left out, with a note, and the sound is whole', (what, name, file) => {
    writeFileSync(at('many'), Buffer.concat(file(MANY)));
    const read = readAll(at('many'));
    expect(read.warnings).toEqual([
      'Tags were left out: there are too many of them, or their names are too long.',
    ]);
    // Those that FFmpeg reads behind the sound are none that are read here.
    expect(read.info.tags.fields.length > 2000).toBe(!/behind the sound/.test(what));
    expect(read.info.tags.fields.length).toBeLessThan(4000);
    expect(read.planes).toEqual(readAll(at(name)).planes);
  });

  test.each([...TARGETS, 'wav'] as const)('of which %s has as many as it may can be read again', (to) => {
    writeFileSync(at('all'), Buffer.concat([id3(userFrames(MANY)), files.mp3]));
    convert(at('all'), at('again'), to);
    const [before, after] = ['all', 'again'].map((name) => readAll(at(name)).info.tags.fields);
    expect([after, after.length > 2000]).toEqual([before, true]);
  });

  test.each([
    ['remarks', (i: number) => id3Frame('COMM', `\0engremark${i}\0text`)],
    ['lyrics', (i: number) => id3Frame('USLT', `\0engsong${i}\0text`)],
    ['private data', (i: number) => id3Frame('PRIV', `owner${i}\0data`)],
    ['tags in UTF-16', (i: number) => id3Frame('TXXX', wide(`name${i}`, 'text'))],
    ['long values of one name', () => id3Frame('TXXX', `\0name\0${'value'.repeat(100)}`)],
    ['pictures', () => id3Frame('APIC', '\0image/png\0\x03\0png')],
    ['what nobody knows', () => id3Frame('ABCD', 'x'), 300_000],
    [
      'tags with long names in UTF-16',
      (i: number) => id3Frame('TXXX', wide(`${i}${'n'.repeat(9000)}`, 'x')),
      150,
    ],
    ['tags with names of 60 KB', (i: number) => id3Frame('TXXX', `\0${i}${'n'.repeat(60_000)}\0x`), 60],
  ] as readonly [
    string,
    (i: number) => Buffer,
    number?,
  ][])('that are %s are left out, too', (_, frame, count = 8000) => {
    const frames = Array.from({ length: count }, (_, i) => frame(i));
    writeFileSync(at('frames.mp3'), Buffer.concat([id3(frames), files.mp3]));
    const { info, warnings } = readAll(at('frames.mp3'));
    expect(warnings).toEqual([expect.stringMatching(/^Tags were left out: there are /)]);
    const { fields, pictures, natives } = info.tags;
    expect(fields.length + pictures.length + natives.length).toBeLessThan(5000);
  });

  test('in one chapter are passed over', () => {
    const times = Buffer.alloc(16);
    const chapter = id3Frame('CHAP', Buffer.concat([Buffer.from('one\0'), times, ...userFrames(MANY)]));
    writeFileSync(at('chapter.mp3'), Buffer.concat([id3([title('kept?'), chapter]), files.mp3]));
    expect(readAll(at('chapter.mp3'))).toMatchObject({
      info: { tags: { fields: [{ key: 'TITLE', value: 'kept?' }], chapters: [{ startMs: 0 }] } },
      warnings: ['TXXX of chapters was left out: only their titles carry over.'],
    });
  });

  test.each(INNER)('within %s refuse the file', (_, _name, file) => {
    writeFileSync(at('many'), Buffer.concat(file(MANY)));
    expect(() => openDecoder(at('many'))).toThrow(
      refusal('ERR_AUDIO_UNSUPPORTED', /got ".*many": there are too many of them/),
    );
  });

  test.each([
    ['FLAC has in hundreds of lists', () => withBlocks(files.flac, blocks(700))],
    [
      'Vorbis has as pictures',
      () => withTags(files.ogg, vorbisTags(Array(200).fill(['metadata_block_picture', 'AAAA']))),
    ],
    ['DSF has at its end', () => dsf(id3(userFrames(MANY)))],
    ['FLAC has as pictures', () => withBlocks(files.flac, Array(200).fill([6, Buffer.alloc(40)]))],
    [
      'Matroska has in hundreds of groups',
      () => withElements(files.mka, matroskaTags(entries(700), { each: true })),
    ],
    ['Matroska has within each other', () => withElements(files.mka, nestedTags(14))],
    ['Vorbis has behind its sound', () => withPacket(files.ogg, vorbisTags(MANY))],
    ['Opus has behind its sound', () => withPacket(files.opus, opusTags(MANY))],
    [
      'the second link of an Ogg has',
      () => Buffer.concat([files.ogg, withSerial(withTags(files.ogg, vorbisTags(MANY)), 77)]),
    ],
    ['MP4 has of one name', () => withBoxes(files.m4a, repeated('\xa9ART', 'x'.repeat(2000), 2000))],
  ])('that %s refuse the file', (_, file) => {
    writeFileSync(at('many'), file());
    expect(() => openDecoder(at('many'))).toThrow(
      refusal('ERR_AUDIO_UNSUPPORTED', 'there are too many of them'),
    );
  });
});

describe('tags that claim what is not there', () => {
  test('of a frame that inflates to 200 MB are left out', () => {
    const body = Buffer.concat([Buffer.from([0x0c, 0, 0, 0]), deflateSync(Buffer.alloc(200_000_000))]);
    writeFileSync(
      at('bomb.mp3'),
      Buffer.concat([id3([id3Frame('TIT2', body, 4, 0x09)], { version: 4 }), files.mp3]),
    );
    expect(readAll(at('bomb.mp3'))).toMatchObject({
      info: { tags: { fields: [] } },
      warnings: ['TIT2 was left out: it is encrypted, damaged or too large.'],
    });
  });

  test('of an AVI that says it holds 1 GiB refuse the file', () => {
    writeFileSync(at('claim.avi'), withInfo(files.avi, FEW, 2 ** 30));
    expect(() => openDecoder(at('claim.avi'))).toThrow(
      refusal('ERR_AUDIO_UNSUPPORTED', 'claim.avi": one claims 1073741824 bytes'),
    );
  });

  test('of an MP4 that are packed refuse the file', () => {
    writeFileSync(at('packed.m4a'), withBoxes(files.m4a, packedHeader()));
    expect(() => openDecoder(at('packed.m4a'))).toThrow(
      refusal('ERR_AUDIO_UNSUPPORTED', 'they are compressed'),
    );
  });

  test('in tens of thousands of empty ID3 tags refuse the file', () => {
    writeFileSync(at('empty.mp3'), Buffer.concat([...Array(70_000).fill(id3([])), files.mp3]));
    expect(() => openDecoder(at('empty.mp3'))).toThrow(refusal('ERR_AUDIO_OPEN', 'nothing but tags'));
  });

  test('in hundreds of thousands of empty boxes refuse the file', () => {
    const boxes = Buffer.alloc(300_000 * 8, Buffer.from('\0\0\0\x08free', 'latin1'));
    writeFileSync(at('boxes.m4a'), Buffer.concat([boxes, files.m4a]));
    expect(() => openDecoder(at('boxes.m4a'))).toThrow(refusal('ERR_AUDIO_UNSUPPORTED', 'too many'));
  });

  test('of an ID3 tag that is longer than the file refuse it by name', () => {
    const tag = id3([title('x')], { paddingBytes: 1000 });
    writeFileSync(at('endless.mp3'), Buffer.concat([tag.subarray(0, 100), files.mp3.subarray(0, 500)]));
    expect(() => openDecoder(at('endless.mp3'))).toThrow(
      refusal('ERR_AUDIO_OPEN', /nothing but tags, by what they claim, in ".*endless.mp3"/),
    );
  });
});

function aiffId3(list: List): Buffer {
  return aiffChunk('ID3 ', id3(userFrames(list)));
}

function vorbisTags(list: List): Buffer {
  return Buffer.concat([Buffer.from('\x03vorbis', 'latin1'), comments(list), Buffer.from([1])]);
}

function opusTags(list: List): Buffer {
  return Buffer.concat([Buffer.from('OpusTags'), comments(list)]);
}

function blocks(count: number): (readonly [number, Buffer])[] {
  return entries(count).map((entry) => [4, comments([entry])]);
}

function wide(name: string, value: string): Buffer {
  return Buffer.concat([Buffer.from([1, 0xff, 0xfe]), Buffer.from(`${name}\0\ufeff${value}`, 'utf16le')]);
}

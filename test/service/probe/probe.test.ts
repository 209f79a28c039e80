/** What the probe says of honest bodies of every format, beside what FFmpeg says and decodes. */
import { readFileSync, writeFileSync } from 'node:fs';
import { beforeAll, describe, expect, test } from 'vitest';
import { openContainer } from '../../../src/audio/decode/container.ts';
import { recognize } from '../../../src/audio/decode/recognize.ts';
import { openSource } from '../../../src/audio/sources/open-source.ts';
import { probe } from '../../../src/service/probe/probe.ts';
import { convert, pianoNotes, readAll, scratch } from '../../audio/audio-files.ts';
import { type Honest, keptFiles, madeFiles } from '../../fuzz/seeds.ts';
import { probeBytes } from './reading.ts';

const path = scratch();
/** Long enough that most are not within reach as a whole. */
const SECONDS = 6;
/** Of what is decoded; or so little that it makes no difference. */
const SHARE = 0.02;
const LITTLE_SECONDS = 0.1;
/** Formats of which there are heads alone here. */
const HEAD_ONLY = /\/(?:head|refused)$/;

let long: Honest[] = [];
let kept: Honest[] = [];
beforeAll(() => {
  long = madeFiles(path(''), SECONDS);
  kept = keptFiles().filter(({ name }) => !HEAD_ONLY.test(name));
});

/** Families by what FFmpeg calls containers and codecs. */
const BY_CODEC: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  ogg: { vorbis: 'ogg-vorbis', opus: 'opus', flac: 'ogg-flac', speex: 'speex' },
  mov: { aac: 'm4a', alac: 'alac' },
};

function judged(file: string) {
  using source = openSource(file);
  using container = openContainer(recognize(source));
  const name = container.format.iformat?.name?.split(',')[0] ?? '';
  const { info, frames } = readAll(file);
  const byCodec = Object.hasOwn(BY_CODEC, name) ? (BY_CODEC[name][info.codec] ?? name) : name;
  return { info, family: byCodec, seconds: frames / info.sampleRate };
}

/** What the probe says that FFmpeg does not. */
function wrongOf({ name, bytes }: Honest): string[] {
  const file = path('judged');
  writeFileSync(file, bytes);
  const { info, family, seconds } = judged(file);
  const told = probeBytes(bytes);
  const wrong: string[] = [];
  const compare = (what: string, got: unknown, right: unknown) => {
    if (got !== right) wrong.push(`${name}: ${what} is ${right}, got ${got}`);
  };
  // FFmpeg takes all layers for one format.
  compare('family', told.family === 'mp2' ? 'mp3' : told.family, family);
  if (told.rate !== null) compare('rate', told.rate, info.sampleRate);
  if (told.channels !== null) compare('channels', told.channels, info.channels);
  // One decoder is for DTS with loss and without, and says without.
  if (family !== 'dts') compare('lossless', told.lossless, info.lossless);
  if (told.bits !== null) compare('bits', told.bits, info.depth.bits);
  const allowed = Math.max(LITTLE_SECONDS, SHARE * seconds);
  if (told.seconds !== null && Math.abs(told.seconds - seconds) > allowed) {
    compare('length', told.seconds, seconds);
  }
  return wrong;
}

describe('of an honest body the probe says', () => {
  test('what FFmpeg says, in every format that is written and long', () => {
    expect(long.flatMap(wrongOf)).toEqual([]);
  });

  test('what FFmpeg says, in every format that is kept as a fixture', () => {
    expect(kept.flatMap(wrongOf)).toEqual([]);
  });

  test('what FFmpeg says, of recordings', () => {
    const notes = pianoNotes().filter((_, i) => i % 8 === 0);
    expect(notes.length).toBeGreaterThan(5);
    expect(notes.flatMap((name) => wrongOf({ name, bytes: readFileSync(name) }))).toEqual([]);
  });

  test('what FFmpeg says, of what the transcoder itself writes', () => {
    const source = path('source.wav');
    const wav = long.find(({ name }) => name === 'wav/pcm_s16le');
    writeFileSync(source, wav?.bytes ?? '');
    for (const to of ['flac', 'wav', 'mp3', 'opus', 'ogg', 'm4a'] as const) {
      convert(source, path(`out.${to}`), to);
      expect(wrongOf({ name: to, bytes: readFileSync(path(`out.${to}`)) })).toEqual([]);
    }
  });

  test('how long it is and what it is made of, in nearly all of them', () => {
    const all = [...long, ...kept];
    const unsaid = (of: (told: ReturnType<typeof probeBytes>) => unknown) =>
      all.filter(({ bytes }) => of(probeBytes(bytes)) === null).map(({ name }) => name);
    // FFmpeg's AAC takes more bits where there is more to say: the ends of this file are not alike.
    expect(unsaid(({ seconds }) => seconds)).toEqual(['adts/aac']);
    // Of Opus in MPEG-TS the head is in the container's tables.
    expect(unsaid(({ rate }) => rate)).toEqual(['mpegts/libopus']);
    expect(unsaid(({ channels }) => channels)).toEqual(['mpegts/libopus']);
  });

  test('the same behind tags with a picture of megabytes', () => {
    const picture = Buffer.alloc(3_000_000, 0xff);
    const tag = Buffer.from('ID3\x03\0\0\0\0\0\0', 'latin1');
    for (const [i, bits] of [21, 14, 7, 0].entries()) tag[6 + i] = (picture.length >> bits) & 127;
    for (const name of ['mp3/libmp3lame', 'flac/flac', 'wav/pcm_s16le', 'adts/aac', 'ogg/libvorbis']) {
      const bytes = long.find((file) => file.name === name)?.bytes ?? Buffer.alloc(0);
      const behind = probeBytes(Buffer.concat([tag, picture, bytes]));
      expect({ name, ...behind }).toEqual({ name, ...probeBytes(bytes) });
    }
  });

  test('how long rows of frames are that do not say it', () => {
    for (const name of ['ac3/ac3', 'eac3/eac3', 'mp2/mp2', 'amr/narrow', 'amr/wide']) {
      const one = [...long, ...kept].find((file) => file.name === name)?.bytes ?? Buffer.alloc(0);
      const head = name === 'amr/narrow' ? 6 : name === 'amr/wide' ? 9 : 0;
      const more = Buffer.concat([one, ...Array.from({ length: 40 }, () => one.subarray(head))]);
      const seconds = probeBytes(one).seconds ?? Number.NaN;
      expect(probeBytes(more).seconds, name).toBeGreaterThan(seconds * 41 * 0.98);
      expect(probeBytes(more).seconds, name).toBeLessThan(seconds * 41 * 1.02);
    }
  });

  test('nothing of how long MP3 is that neither says it nor has one bit rate', () => {
    const mp3 = long.find(({ name }) => name === 'mp3/libmp3lame')?.bytes ?? Buffer.alloc(0);
    const frame = (kilobits: number) => {
      const bytes = Buffer.alloc(Math.floor((144_000 * [128, 320][kilobits]) / 44_100));
      bytes.writeUInt32BE(0xfffb_0000 + ([9, 14][kilobits] << 12));
      return bytes;
    };
    const rows = [0, 1].map((kilobits) => Buffer.concat(Array.from({ length: 400 }, () => frame(kilobits))));
    expect(probeBytes(rows[0]).seconds).toBeCloseTo((400 * 1152) / 44_100, 1);
    expect(probeBytes(Buffer.concat(rows))).toMatchObject({ family: 'mp3', seconds: null, rate: 44_100 });
    expect(probeBytes(mp3).seconds).toBeCloseTo(SECONDS, 2);
  });

  test('by the last frame how long FLAC is that was written into a pipe', () => {
    for (const { bytes } of long.filter(({ name }) => name === 'flac/flac')) {
      const piped = Buffer.from(bytes);
      piped[21] &= 0xf0;
      piped.fill(0, 22, 26);
      expect(probeBytes(piped).seconds).toBeCloseTo(SECONDS, 3);
    }
  });

  test('by the last cluster how long Matroska is that was written into a pipe', () => {
    const webm = long.find(({ name }) => name === 'webm/libopus')?.bytes ?? Buffer.alloc(0);
    const piped = Buffer.from(webm);
    // The number of the element becomes that of one that is passed over.
    piped.write('\xec', piped.indexOf('\x44\x89\x88', 0, 'latin1') + 1, 'latin1');
    piped.write('\x42', piped.indexOf('\x44\xec', 0, 'latin1'), 'latin1');
    expect(probeBytes(piped).seconds).toBeCloseTo(SECONDS, 1);
  });

  test('no length of files one behind another, whose lengths would have to be added up', () => {
    const [ogg, opus] = ['ogg/libvorbis', 'ogg/libopus'].map(
      (name) => long.find((file) => file.name === name)?.bytes ?? Buffer.alloc(0),
    );
    // Another number of the stream, as every encoder but FFmpeg's draws one.
    for (let at = 0; at >= 0; at = opus.indexOf('OggS', at + 1)) opus.writeUInt32LE(4711, at + 14);
    expect(probeBytes(Buffer.concat([ogg, opus]))).toMatchObject({ family: 'ogg-vorbis', seconds: null });
  });
});

describe('of a body that is not all there', () => {
  test('the head says what it is, and how long where a header tells', () => {
    for (const name of ['flac/flac', 'mp3/libmp3lame', 'wav/pcm_s16le', 'ogg/libvorbis', 'webm/libopus']) {
      const bytes = long.find((file) => file.name === name)?.bytes ?? Buffer.alloc(0);
      const whole = probeBytes(bytes);
      const head = bytes.subarray(0, 65_536);
      const read = (target: Uint8Array, at: number) => head.copy(target, 0, at);
      for (const size of [bytes.length, null]) {
        const { seconds, ...told } = probe(read, size);
        expect({ name, ...whole, ...told }).toEqual({ name, ...whole });
        if (seconds !== null) expect(seconds).toBeCloseTo(whole.seconds ?? 0, 1);
        if (!name.startsWith('ogg')) expect(seconds).not.toBeNull();
      }
    }
  });
});

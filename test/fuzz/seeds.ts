/**
 * Honest files of every format that is read, to make hostile ones of: a fifth of a second of a tone, made
 * when they are needed, the fixtures of formats that nobody here can write, and files of a folder.
 */
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { extname, join } from 'node:path';
import { deflateSync } from 'node:zlib';
import { Block } from '../../src/audio/block.ts';
import { createEncoder } from '../../src/audio/encode/encoder.ts';
import { quietNativeLog } from '../../src/audio/native-log.ts';
import { defaultLayout } from '../../src/audio/plan/channels.ts';
import { TARGETS, type TargetName, type TargetPlan } from '../../src/audio/plan/targets.ts';
import { createFileSink } from '../../src/audio/sinks/file-sink.ts';
import { type AudioTags, bytesInMemory } from '../../src/audio/tags/model.ts';
import { NO_TAG_WRITER } from '../../src/audio/tags/write/tag-writer.ts';
import { silentFlac } from '../audio/silent-flac.ts';
import { png } from '../audio/tags/pictures.ts';
import { tagged } from '../audio/tags/tagged.ts';
import { ape, element, id3, id3Frame, matroskaTags, userFrames, withElements } from '../audio/tags.ts';
import { dirtyShard } from '../stand.ts';

export interface Honest {
  /** The format, and what is special. */
  readonly name: string;
  readonly bytes: Buffer;
}

/** FFmpeg's names of the muxer and the encoder, and what is in it. */
type Spec = readonly [muxer: string, encoder: string, rate?: number, channels?: number];

const SPECS: readonly Spec[] = [
  ['wav', 'pcm_s16le'],
  ['wav', 'pcm_s24le', 96_000, 6],
  ['wav', 'pcm_f32le', 48_000, 8],
  ['wav', 'pcm_u8', 8000, 1],
  ['wav', 'pcm_alaw', 8000, 1],
  ['wav', 'adpcm_ms'],
  ['wav', 'adpcm_ima_wav'],
  ['wav', 'g726', 8000, 1],
  ['w64', 'pcm_s32le'],
  ['aiff', 'pcm_s16be'],
  ['aiff', 'pcm_s24be', 48_000, 3],
  ['aiff', 'adpcm_ima_qt'],
  ['caf', 'pcm_f32be'],
  ['caf', 'alac'],
  ['au', 'pcm_s16be'],
  ['au', 'pcm_mulaw', 8000, 1],
  ['flac', 'flac'],
  ['flac', 'flac', 192_000, 1],
  ['ogg', 'libvorbis'],
  ['ogg', 'libopus', 48_000],
  ['ogg', 'libopus', 48_000, 6],
  ['ogg', 'flac'],
  ['ipod', 'aac'],
  ['ipod', 'alac'],
  ['mov', 'pcm_s16le'],
  ['mp4', 'libopus', 48_000],
  ['mp4', 'flac'],
  ['mp4', 'ac3', 48_000, 6],
  ['matroska', 'libvorbis'],
  ['matroska', 'aac'],
  ['matroska', 'pcm_s16le'],
  ['matroska', 'flac'],
  ['webm', 'libopus', 48_000],
  ['matroska', 'wavpack'],
  ['asf', 'wmav2'],
  ['asf', 'wmav1'],
  ['avi', 'libmp3lame'],
  ['avi', 'pcm_s16le'],
  ['wv', 'wavpack'],
  ['tta', 'tta'],
  ['mp3', 'libmp3lame'],
  ['mp3', 'libmp3lame', 8000, 1],
  ['mp2', 'mp2'],
  ['adts', 'aac'],
  ['ac3', 'ac3', 48_000, 6],
  ['eac3', 'eac3', 48_000],
  ['mpegts', 'aac'],
  ['mpegts', 'libopus', 48_000],
  ['mpeg', 'mp2'],
  ['vob', 'ac3', 48_000],
];

const SECONDS = 0.2;
const TAGS = { title: 'a title', artist: 'somebody', comment: 'words', track: '1/2' };

/** @param folder a scratch folder */
export function madeFiles(folder: string, seconds = SECONDS): Honest[] {
  quietNativeLog();
  const made = SPECS.map(([muxer, encoder, rate = 44_100, channels = 2], number) => {
    const path = join(folder, `honest-${number}`);
    make(path, { muxer, encoder, rate, channels, seconds });
    return { name: `${muxer}/${encoder}`, bytes: readFileSync(path) };
  });
  return [...made, ...taggedFiles(folder)];
}

/** What tags can hold, as millpond writes it, and as it does not. */
function taggedFiles(folder: string): Honest[] {
  const pictures = [3, 4].map((type) => ({
    ...{ type, mime: 'image/png', description: 'a picture' },
    bytes: bytesInMemory(png(2000, 40)),
  }));
  const chapters = [0, 50, 120].map((startMs) => ({ startMs, endMs: null, title: `from ${startMs}` }));
  const fields = Object.entries({ ...TAGS, lyrics: 'la '.repeat(500), 'my own': 'x', disc: '1', BPM: '120' });
  const tags: AudioTags = {
    fields: [...fields, ['ARTIST', 'another']].map(([key, value]) => ({ key, value })),
    ...{ pictures, chapters },
    natives: [{ family: 'id3', name: 'POPM', bytes: bytesInMemory(Buffer.from('a@b\0\xc4\0')) }],
  };
  const path = join(folder, 'honest-sound');
  make(path, { muxer: 'wav', encoder: 'pcm_s16le', rate: 44_100, channels: 1, seconds: SECONDS });
  const written = (Object.keys(TARGETS) as TargetName[]).map((to) => ({
    name: `tagged/${to}`,
    bytes: readFileSync(tagged(path, join(folder, `tagged.${to}`), to, tags)),
  }));
  const sound = written.find(({ name }) => name === 'tagged/mp3')!.bytes;
  return [
    ...written,
    { name: 'tagged/id3v2.3', bytes: Buffer.concat([unsynchronised(), sound]) },
    {
      name: 'tagged/id3v2.2',
      bytes: Buffer.concat([id3(userFrames([['a', 'b']], 2), { version: 2 }), sound]),
    },
    {
      name: 'tagged/ape',
      bytes: Buffer.concat([
        sound,
        ape([
          ['Title', 'a'],
          ['Track', '3/12'],
        ]),
      ]),
    },
    { name: 'tagged/matroska', bytes: matroskaWithAll() },
  ];
}

/** Frames that are not as they are stored: packed, of two bytes a letter, and in the whole of it. */
function unsynchronised(): Buffer {
  const wide = Buffer.concat([Buffer.from([1, 0xff, 0xfe]), Buffer.from('title', 'utf16le')]);
  const packed = deflateSync(Buffer.from('\0engone\0a comment'));
  const length = Buffer.from([0, 0, 0, 17]);
  const title = id3Frame('TIT2', 'inside');
  const chapter = Buffer.concat([Buffer.from('one\0'), Buffer.alloc(16), title]);
  return id3(
    [
      id3Frame('TIT2', wide),
      id3Frame('COMM', Buffer.concat([length, packed]), 3, 0x80),
      id3Frame('APIC', Buffer.concat([Buffer.from('\0image/png\0\x03\0'), png(300)])),
      id3Frame('CHAP', chapter),
    ],
    { flags: 0x80 },
  );
}

function matroskaWithAll(): Buffer {
  const file = element(
    '61a7',
    element('466e', Buffer.from('cover.png')),
    element('4660', Buffer.from('image/png')),
    element('465c', png(300)),
  );
  const title = element('80', element('85', Buffer.from('one')));
  const chapter = element('b6', element('91', Buffer.from([0])), title);
  return withElements(
    readFileSync(new URL('../audio/fixtures/tone.mka', import.meta.url)),
    matroskaTags([['ARTIST', 'somebody']]),
    element('1941a469', file),
    element('1043a770', element('45b9', chapter)),
  );
}

interface Made {
  readonly muxer: string;
  readonly encoder: string;
  readonly rate: number;
  readonly channels: number;
  readonly seconds: number;
}

function make(path: string, { muxer, encoder, rate, channels, seconds }: Made): void {
  const plan: TargetPlan = {
    ...{ to: 'wav', encoder, muxer, sampleRate: rate, layout: defaultLayout(channels), kind: 'f32' },
    ...{ lossless: false, bits: encoder === 'flac' ? 16 : null, bitrate: null, quality: null, warnings: [] },
  };
  using sink = createFileSink({ path });
  using made = createEncoder(sink, { ...plan, tagWriter: { ...NO_TAG_WRITER, metadata: TAGS } });
  const frames = Math.ceil(rate * seconds);
  const block = new Block(dirtyShard().acquire(frames * channels * 4 + 1024), channels);
  for (let channel = 0; channel < channels; channel++) {
    const plane = block.channel(channel);
    for (let at = 0; at < frames; at++) plane[at] = 0.4 * Math.sin(at / (10 + channel)) + at / frames / 9;
  }
  made.write(block, frames);
  made.finish();
  sink.commit();
}

/** Formats that FFmpeg has no encoder for; of some of them the heads alone. */
export function keptFiles(): Honest[] {
  const folder = new URL('../audio/fixtures/', import.meta.url);
  const fixtures = readdirSync(folder)
    .filter((file) => file.startsWith('tone.'))
    .map((file) => ({
      name: `fixture/${extname(file).slice(1)}`,
      bytes: readFileSync(new URL(file, folder)),
    }));
  return [
    ...fixtures,
    { name: 'flac/silence', bytes: silentFlac(3) },
    { name: 'amr/narrow', bytes: amr('#!AMR\n', 0x3c, 32) },
    { name: 'amr/wide', bytes: amr('#!AMR-WB\n', 0x14, 33) },
    { name: 'dsf/dsd', bytes: dsf() },
    { name: 'adx/refused', bytes: adx() },
    ...HEADS.map(([name, text]) => ({ name, bytes: headOnly(text) })),
  ];
}

/** What begins as these formats do, and goes on with bytes of all kinds. */
const HEADS = [
  ['ape/head', 'MAC \x96\x0f\0\0\x34\0\0\0\x18\0\0\0'],
  ['tak/head', 'tBaK\x01\x0a\0\0'],
  ['mpc/head', 'MP+\x07\x20\0\0\0'],
  ['mpc8/head', 'MPCKSH\x0f\0\0\0\0\x08'],
  ['truehd/head', '\xe0\x54\0\0\xf8\x72\x6f\xba\0\x17\x80\x4f'],
] as const;

function headOnly(text: string): Buffer {
  const bytes = Buffer.alloc(4096);
  for (let at = 0; at < bytes.length; at++) bytes[at] = (Math.imul(at, at) >> 3) & (at % 64 < 20 ? 3 : 255);
  bytes.write(text, 'latin1');
  return bytes;
}

function amr(head: string, first: number, frameBytes: number): Buffer {
  const frame = Buffer.alloc(frameBytes, 0x5a);
  frame[0] = first;
  return Buffer.concat([Buffer.from(head), ...Array.from({ length: 20 }, () => frame)]);
}

function dsf(): Buffer {
  const block = 4096;
  const sound = Buffer.alloc(block * 2, 0x69);
  const bytes = Buffer.concat([Buffer.alloc(92), sound]);
  bytes.write('DSD ', 0);
  bytes.writeBigUInt64LE(28n, 4);
  bytes.writeBigUInt64LE(BigInt(bytes.length), 12);
  bytes.write('fmt ', 28);
  bytes.writeBigUInt64LE(52n, 32);
  for (const [i, value] of [1, 0, 2, 2, 2_822_400, 1, block * 8, 0, block, 0].entries()) {
    bytes.writeUInt32LE(value, 40 + i * 4);
  }
  bytes.write('data', 80);
  bytes.writeBigUInt64LE(BigInt(sound.length + 12), 84);
  return bytes;
}

/** A header that FFmpeg refuses and whose decoder then divides by zero. */
function adx(): Buffer {
  return Buffer.concat([Buffer.from('80000020031204010000ac4400010000', 'hex'), Buffer.alloc(4096)]);
}

const MOST_CORPUS_BYTES = 1_000_000;
const MOST_CORPUS_FILES = 300;

/** Small ones of a folder of somebody's, and those below it. */
export function filesOf(folder: string): Honest[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .filter((path) => statSync(path).size <= MOST_CORPUS_BYTES)
    .slice(0, MOST_CORPUS_FILES)
    .map((path) => ({ name: `corpus/${extname(path).slice(1)}`, bytes: readFileSync(path) }));
}

/**
 * Bodies that lie: whatever they hold, the probe ends soon, reads little, throws nothing, and says numbers.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { beforeAll, describe, expect, test } from 'vitest';
import { scratch } from '../../audio/audio-files.ts';
import { hostileFile } from '../../fuzz/campaign.ts';
import { type Honest, keptFiles, madeFiles } from '../../fuzz/seeds.ts';
import { readsOf } from './reading.ts';

const path = scratch();
const SEED = 1;
const FILES = 3000;
/** Both ends, and the places between. */
const MOST_BYTES = (64 + 64 + 24 * 4) * 1024;
const MOST_READS = 2 + 1 + 24;
/** A hundred times what it takes: what grows with the square of something takes more. */
const MOST_CPU_MS = 500;

let honest: Honest[] = [];
beforeAll(() => {
  honest = [...madeFiles(path('')), ...keptFiles()];
});

/** What is not as it must be. */
function brokenBy(bytes: Buffer, size: number | null = bytes.length): string[] {
  const { told, reads } = readsOf(bytes, size);
  const broken: string[] = [];
  if (reads.bytes > MOST_BYTES || reads.count > MOST_READS) broken.push(`reads ${JSON.stringify(reads)}`);
  if (reads.cpuMs > MOST_CPU_MS) broken.push(`takes ${reads.cpuMs} ms`);
  for (const name of ['seconds', 'rate', 'channels', 'bits'] as const) {
    const value = told[name];
    if (value !== null && !(value > 0 && Number.isFinite(value))) broken.push(`${name} is ${value}`);
  }
  if (typeof told.family !== 'string') broken.push(`family is ${told.family}`);
  return broken;
}

describe('a hostile body', () => {
  test(`is probed within bounds: ${FILES} of seed ${SEED}`, () => {
    for (let number = 0; number < FILES; number++) {
      const { bytes, honest: name, done } = hostileFile(honest, SEED, number);
      const what = `file ${number} of seed ${SEED}: ${name}, ${done}`;
      expect(brokenBy(bytes), what).toEqual([]);
      // As long as it likes to say, and of a length that nobody knows.
      expect(brokenBy(bytes, bytes.length * 1000), what).toEqual([]);
      expect(brokenBy(bytes, null), what).toEqual([]);
    }
  });

  test('is probed within bounds wherever it is cut off', () => {
    for (const { name, bytes } of honest) {
      for (let end = 0; end < Math.min(bytes.length, 4096); end += end < 300 ? 1 : 61) {
        expect(brokenBy(bytes.subarray(0, end)), `${name} cut off at ${end}`).toEqual([]);
      }
    }
  });

  const findings = new URL('../../fuzz/findings/', import.meta.url);
  test.each(readdirSync(findings).filter((name) => name.endsWith('.bin')))('that was found: %s', (name) => {
    expect(brokenBy(readFileSync(new URL(name, findings)))).toEqual([]);
  });

  /** What the parts of the probe go through, again and again; 1 MiB of each. */
  const AGAIN: Readonly<Record<string, readonly [front: string, again: string]>> = {
    'frame marks': ['', '\xff'],
    'heads of MP3': ['', '\xff\xfb\x90\0'],
    'shortest frames of MP3': ['', '\xff\xf3\x18\xc4'],
    'frames of AAC': ['', '\xff\xf1\x50\x80\0\xff\xfc'],
    'heads of AC-3': ['', '\x0b\x77\0\0\0\x40'],
    'pages of Ogg': ['', 'OggS\0\x02\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0'],
    'marks of Ogg': ['OggS\0\x02', 'OggS'],
    'empty ID3 tags': ['', 'ID3\x03\0\0\0\0\0\0'],
    'ID3 tags far apart': ['', 'ID3\x03\0\0\0\x02\0\0'],
    'chunks of WAV': ['RIFF\0\0\x10\0WAVE', 'junk\0\0\0\0'],
    'chunks of AIFF': ['FORM\0\x10\0\0AIFF', 'junk\0\0\0\0'],
    'chunks of CAF': ['caff\0\x01\0\0', 'junk\0\0\0\0\0\0\0\0'],
    'texts of WAV': ['RIFF\0\0\x10\0WAVELIST\xf0\xff\x0f\0INFO', 'INAM\0\0\0\0'],
    'boxes of MP4': ['\0\0\0\x08ftyp', '\0\0\0\x08moov'],
    'boxes within boxes': ['', '\0\x0f\0\0moov\0\x0e\0\0trak\0\x0d\0\0mdia'],
    'tracks without sound': ['\0\x10\0\0moov', '\0\0\0\x18trak\0\0\0\x10mdia\0\0\0\x08hdlr'],
    'elements of Matroska': ['\x1a\x45\xdf\xa3\x80\x18\x53\x80\x67\xff', '\x16\x54\xae\x6b\x80'],
    'tracks of Matroska': [
      '\x1a\x45\xdf\xa3\x80\x18\x53\x80\x67\xff\x16\x54\xae\x6b\x10\x10\0\0',
      '\xae\x80',
    ],
    'clusters of Matroska': ['\x1a\x45\xdf\xa3\x80\x18\x53\x80\x67\xff', '\x1f\x43\xb6\x75\xff'],
    'objects of ASF': [
      '\x30\x26\xb2\x75\x8e\x66\xcf\x11\xa6\xd9\0\xaa\0\x62\xce\x6c\0\0\x10\0\0\0\0\0\0\0\0\0\x01\x02',
      'sixteen letters!\x18\0\0\0\0\0\0\0',
    ],
    'lists of AVI': ['RIFF\0\0\x10\0AVI ', 'LIST\0\0\0\0hdrl'],
    'blocks of WavPack': ['', 'wvpk\0\0\0\0'],
    'blocks of TAK': ['tBaK', '\x02\0\0\0'],
    'packets of Musepack': ['MPCK', 'XX\x03'],
    'heads of FLAC frames': ['fLaC\0\0\0\x22', '\xff\xf8\x19\x18'],
    'packets of MPEG-TS': ['', `G\x40\0\x10\0\0\x01\xc0\0\0\x80\x80\x05\x21\0\x01\0\x01${'\0'.repeat(170)}`],
    'starts of MPEG': ['\0\0\x01\xba', '\0\0\x01\xc0\0\0\xff'],
    'filling of MPEG': ['\0\0\x01\xba\0\0\x01\xc0\0\0', '\xff'],
  };
  const MIB = 1024 * 1024;

  test.each(Object.keys(AGAIN))('of nothing but %s is probed within bounds', (name) => {
    const [front, again] = AGAIN[name].map((text) => Buffer.from(text, 'latin1'));
    const bytes = Buffer.concat([front, Buffer.alloc(MIB, again)]);
    expect(brokenBy(bytes)).toEqual([]);
    expect(brokenBy(bytes, Number.MAX_SAFE_INTEGER)).toEqual([]);
  });
});

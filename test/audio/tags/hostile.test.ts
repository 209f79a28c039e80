/** Tags that were made to cost time or memory: what they come to is bounded, and the sound is whole. */
import { readFileSync, writeFileSync } from 'node:fs';
import { deflateSync } from 'node:zlib';
import { beforeAll, describe, expect, test } from 'vitest';
import { openDecoder } from '../../../src/audio/open-decoder.ts';
import type { TagBytes } from '../../../src/audio/tags/model.ts';
import { Gathering } from '../../../src/audio/tags/read/gathering.ts';
import { readComments } from '../../../src/audio/tags/read/vorbis.ts';
import { convert, readAll, scratch } from '../audio-files.ts';
import { withTags } from '../ogg.ts';
import { refusal } from '../refusal.ts';
import { big, comments, element, id3, id3Frame, little, title, withBlocks, withElements } from '../tags.ts';
import { noise, writeWav } from '../wav.ts';
import { tagsIn } from './tagged.ts';

const at = scratch();
const files = {} as Record<'flac' | 'mp3' | 'ogg' | 'mka', Buffer>;

beforeAll(() => {
  writeWav(at('sound.wav'), [noise(9000, 16)], { rate: 48_000 });
  for (const to of ['flac', 'mp3', 'ogg'] as const) {
    convert(at('sound.wav'), at(`sound.${to}`), to);
    files[to] = readFileSync(at(`sound.${to}`));
  }
  files.mp3 = files.mp3.subarray(files.mp3.indexOf(Buffer.from([0xff, 0xfb])));
  files.mka = readFileSync(new URL('../fixtures/tone.mka', import.meta.url));
});

function read(bytes: Buffer) {
  writeFileSync(at('hostile'), bytes);
  const { frames, warnings } = readAll(at('hostile'));
  expect(frames).toBeGreaterThan(1000);
  return { ...tagsIn(at('hostile')), warnings };
}

/** A picture that says it has so many bytes. */
function block(claimed: number, bytes = 100): Buffer {
  const mime = Buffer.from('image/png');
  const head = [big(3), big(mime.length), mime, big(0), big(0), big(0), big(0), big(0), big(claimed)];
  return Buffer.concat([...head, Buffer.alloc(bytes, 1)]);
}

describe('a picture that claims 4 GB', () => {
  const CLAIM = 0xffff_ffff;
  const NOTE = `A picture was left out: it claims ${CLAIM} bytes, and they are not there.`;

  test.each<[string, () => Buffer]>([
    ['in a block of FLAC', () => withBlocks(files.flac, [[6, block(CLAIM)]])],
    [
      'in a comment of Ogg',
      () => {
        const picture = block(CLAIM).toString('base64');
        const list = comments([['METADATA_BLOCK_PICTURE', picture]]);
        return withTags(
          files.ogg,
          Buffer.concat([Buffer.from('\x03vorbis', 'latin1'), list, Buffer.from([1])]),
        );
      },
    ],
  ])('%s is left out with a note', (_, file) => {
    const { pictures, warnings } = read(file());
    expect(pictures).toEqual([]);
    expect(warnings).toEqual([NOTE]);
  });

  test('in ID3 ends the tag with a note, and what comes before is kept', () => {
    const picture = Buffer.concat([Buffer.from('APIC'), big(0x7fff_ffff), big(0, 2), Buffer.alloc(50)]);
    const { fields, pictures, warnings } = read(Buffer.concat([id3([title('x'), picture]), files.mp3]));
    expect(fields).toEqual([{ key: 'TITLE', value: 'x' }]);
    expect(pictures).toEqual([]);
    expect(warnings).toEqual([expect.stringMatching(/^Tags were left out: APIC claims 2147483647 bytes/)]);
  });

  test('of which none are there costs nothing', () => {
    const { pictures } = read(Buffer.concat([id3([id3Frame('APIC', '\0image/png\0\x03\0')]), files.mp3]));
    expect(pictures).toEqual([]);
  });
});

describe('ID3', () => {
  test('that inflates without end is left out with a note', () => {
    const bomb = Buffer.concat([big(1000), deflateSync(Buffer.alloc(40_000_000))]);
    const frame = id3Frame('COMM', bomb, 3, 0x80);
    const { fields, warnings } = read(Buffer.concat([id3([title('x'), frame]), files.mp3]));
    expect(fields).toEqual([{ key: 'TITLE', value: 'x' }]);
    expect(warnings).toEqual(['COMM was left out: it is encrypted, damaged or too large.']);
  });

  test('whose chapters hold chapters is not followed into them', () => {
    let inner = id3Frame('TIT2', '\0inside');
    for (let depth = 0; depth < 2000; depth++) {
      inner = id3Frame('CHAP', Buffer.concat([Buffer.from('c\0'), Buffer.alloc(16), inner]));
    }
    const { chapters } = read(Buffer.concat([id3([inner]), files.mp3]));
    expect(chapters).toEqual([{ startMs: 0, endMs: 0, title: '' }]);
  });

  test('of a size that is longer than the file, or of frames of no size, ends', () => {
    const frames = Array.from({ length: 20_000 }, () => id3Frame('TIT2', ''));
    const { fields, warnings } = read(Buffer.concat([id3(frames), files.mp3]));
    expect(fields).toEqual([]);
    expect(warnings.length).toBeLessThan(2);
  });
});

describe('Matroska', () => {
  test('has the names of tags within each other one behind the other', () => {
    let inner: Buffer = Buffer.alloc(0);
    for (let depth = 0; depth < 4; depth++) {
      const name = element('45a3', Buffer.from(`D${depth}`));
      inner = element('67c8', name, element('4487', Buffer.from('x')), inner);
    }
    const tags = element('1254c367', element('7373', element('63c0'), inner));
    const { fields } = read(withElements(files.mka, tags));
    expect(fields.map(({ key }) => key)).toEqual(['D3', 'D3/D2', 'D3/D2/D1', 'D3/D2/D1/D0']);
  });

  test('whose list of places points at itself is read once', () => {
    const seek = (position: number) =>
      element('4dbb', element('53ab', Buffer.from('1254c367', 'hex')), element('53ac', big(position)));
    const head = element('114d9b74', ...Array.from({ length: 500 }, () => seek(0)));
    expect(read(withElements(files.mka, head)).warnings).toEqual([]);
  });
});

describe('a chapter', () => {
  test('that begins in thousands of years is left out with a note, and none ends before it begins', () => {
    const long = (value: bigint) => {
      const bytes = Buffer.alloc(8);
      bytes.writeBigUInt64BE(value);
      return bytes;
    };
    const chapter = (start: bigint, end: bigint) =>
      element('b6', element('91', long(start)), element('92', long(end)));
    const edition = element('45b9', chapter(2_000_000n, 1n), chapter(2n ** 63n, 2n ** 63n));
    const { chapters, warnings } = read(withElements(files.mka, element('1043a770', edition)));
    expect(chapters).toEqual([{ startMs: 2, endMs: null, title: '' }]);
    expect(warnings).toEqual(['A chapter was left out: it begins after more than 49 days.']);
  });
});

describe('names and values that are no text for a terminal', () => {
  test('carry over as they are, and notes do not hold them', () => {
    const value = '\u001b[2J<script>alert(1)</script>\u202e';
    const list = [
      ['TITLE', value],
      ['<b>', value],
    ] as const;
    const { fields, warnings } = read(withBlocks(files.flac, [[4, comments(list)]]));
    expect(fields.map(({ key, value }) => [key, value])).toEqual(list);
    expect(warnings).toEqual([]);
  });

  test('of ID3 that carries over nowhere are told by four plain letters', () => {
    const frame = id3Frame('\u001b[2J', 'x');
    const { natives, warnings } = read(Buffer.concat([id3([title('x'), frame]), files.mp3]));
    expect(natives).toEqual([]);
    expect(warnings).toEqual([]);
  });
});

describe('a list of comments', () => {
  /** Which says how much of it was read. */
  function counted(bytes: Buffer): TagBytes & { asked: number } {
    return {
      size: bytes.length,
      asked: 0,
      read(target, position) {
        this.asked += target.length;
        return bytes.copy(target, 0, position);
      },
    };
  }

  test('of a hundred thousand is read as far as it counts, once', () => {
    const list = comments(Array.from({ length: 100_000 }, (_, i) => [`TAG${i}`, 'value']));
    const bytes = counted(list);
    const into = new Gathering();
    readComments(bytes, into);
    expect(into.end().fields.length).toBeGreaterThan(2000);
    expect(into.notes).toEqual([expect.stringMatching(/^Tags were left out: there are too many/)]);
    expect(bytes.asked).toBeLessThan(list.length / 10);
  });

  test.each([
    ['that claims more of them than there are', () => Buffer.concat([little(0), little(0xffff_ffff)])],
    ['whose first claims 4 GB', () => Buffer.concat([little(0), little(1), little(0xffff_ffff), little(1)])],
    ['whose maker claims 4 GB', () => Buffer.concat([little(0xffff_ffff), little(1)])],
    ['that is empty', () => Buffer.alloc(0)],
  ])('%s has no fields', (_, list) => {
    const into = new Gathering();
    readComments(counted(list()), into);
    expect(into.end().fields).toEqual([]);
  });

  test('with a value of 5 MiB leaves that out with a note', () => {
    const list = comments([
      ['A', 'x'.repeat(5 * 1024 * 1024)],
      ['B', 'y'],
    ]);
    const { fields, warnings } = read(withBlocks(files.flac, [[4, list]]));
    expect(fields).toEqual([{ key: 'B', value: 'y' }]);
    expect(warnings).toEqual([expect.stringMatching(/^A tag was left out: it has over/)]);
  });

  test('within what FFmpeg has to read, of too many, refuses the file', () => {
    const list = comments(Array.from({ length: 100_000 }, (_, i) => [`TAG${i}`, 'value']));
    writeFileSync(at('many.flac'), withBlocks(files.flac, [[4, list]]));
    expect(() => openDecoder(at('many.flac'))).toThrow(refusal('ERR_AUDIO_UNSUPPORTED', 'too many of them'));
  });
});

import { readFileSync, writeFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { openDecoder } from '../../src/audio/open-decoder.ts';
import { readAll, scratch } from './audio-files.ts';
import {
  aiffChunk,
  cafChunk,
  cafTags,
  info,
  riffChunk,
  w64Chunk,
  w64Tags,
  withAiffChunks,
  withCafChunks,
  withChunks,
  withW64Chunks,
} from './chunks.ts';
import { refusal } from './refusal.ts';
import { type Entry, element, entries, id3, userFrames } from './tags.ts';
import { chunk, noise, wav } from './wav.ts';

const at = scratch();
const HUGE = 0x7fff_fff0;
const TEXT = Buffer.from('some text');
const FEW = entries(10);
/** More than all texts together may have. */
const LARGE = Buffer.alloc(17 * 1024 * 1024, 'x');
const fixture = (suffix: string) => readFileSync(new URL(`fixtures/tone.${suffix}`, import.meta.url));
const FILES = {
  wav: wav([noise(2000, 16)]),
  ...{
    aiff: fixture('aiff'),
    caf: fixture('caf'),
    w64: fixture('w64'),
    au: fixture('au'),
    avi: fixture('avi'),
  },
};
const withAviChunks = (avi: Buffer, chunks: readonly Buffer[]) =>
  Buffer.concat([avi.subarray(0, 12), ...chunks, avi.subarray(12)]);
const WITH = {
  avi: withAviChunks,
  wav: withChunks,
  aiff: withAiffChunks,
  caf: withCafChunks,
  w64: withW64Chunks,
};

function read(name: string, bytes: Buffer) {
  writeFileSync(at(name), bytes);
  return readAll(at(name), 's32');
}

function open(name: string, bytes: Buffer): void {
  writeFileSync(at(name), bytes);
  openDecoder(at(name)).close();
}

/** Chunks that FFmpeg allocates, or takes its time for, as long as they claim to be. */
const CLAIMS: readonly (readonly [what: string, format: keyof typeof WITH, chunk: Buffer])[] = [
  ['"LIST"', 'wav', info(FEW, HUGE - 12)],
  ['"bext"', 'wav', riffChunk('bext', TEXT, HUGE)],
  ['"cue"', 'wav', riffChunk('cue ', Buffer.from([0xff, 0xff, 0xff, 0x04]), HUGE)],
  ['"id3"', 'wav', riffChunk('id3 ', TEXT, HUGE)],
  ['"NAME"', 'aiff', aiffChunk('NAME', TEXT, HUGE)],
  ['"wave"', 'aiff', aiffChunk('wave', TEXT, 0x3fff_ffff)],
  ['"kuki"', 'caf', cafChunk('kuki', TEXT, HUGE)],
  ['"info"', 'caf', cafChunk('info', Buffer.from([0, 0xff, 0xff, 0xff]), HUGE)],
  ['"tags"', 'w64', w64Chunk('bc945f925a52d21186dc00c04f8edb8a', Buffer.alloc(64, 1), HUGE)],
];

describe('a chunk that claims more than there is', () => {
  test.each(CLAIMS)('is left out behind the sound: %s of %s', (what, format, bytes) => {
    const plain = read(`plain.${format}`, FILES[format]);
    const laden = read(`laden.${format}`, WITH[format](FILES[format], [], [bytes]));
    expect(laden.planes).toEqual(plain.planes);
    const note = `^What lies behind the sound was left out: ${what} claims \\d{10} bytes\\.$`;
    expect(laden.warnings).toEqual([expect.stringMatching(note)]);
  });

  test.each(CLAIMS)('refuses the file before the sound: %s of %s', (what, format, bytes) => {
    expect(() => open(`before.${format}`, WITH[format](FILES[format], [bytes]))).toThrow(
      refusal('ERR_AUDIO_OPEN', new RegExp(`got ".*" of \\d+ bytes, where ${what} claims \\d{10} bytes`)),
    );
  });

  test('takes no memory', () => {
    const before = process.resourceUsage().maxRSS;
    read('list.wav', WITH.wav(FILES.wav, [], [info(FEW, HUGE - 12)]));
    expect(process.resourceUsage().maxRSS - before).toBeLessThan(500_000);
  });

  test('is passed over where FFmpeg does so, too, inside of sound of an unknown length', () => {
    const sound = Buffer.alloc(4000, 0x7f);
    const plain = wav([[]]);
    const bytes = Buffer.concat([
      ...[plain.subarray(0, 12), chunk('ds64', Buffer.alloc(28)), plain.subarray(12), sound],
    ]);
    bytes.write('RF64');
    expect(read('inside.wav', bytes)).toMatchObject({ frames: 2000, warnings: [] });
    // There FFmpeg would read it.
    info(FEW, HUGE - 12).copy(bytes, bytes.length - sound.length);
    expect(() => open('inside.wav', bytes)).toThrow(refusal('ERR_AUDIO_OPEN', '"LIST" claims'));
  });
});

describe('a chunk that is larger than any should be', () => {
  test.each([
    ['wav', riffChunk('LIST', Buffer.concat([Buffer.from('INFO'), riffChunk('INAM', LARGE)]))],
    ['wav', riffChunk('bext', LARGE)],
    ['aiff', aiffChunk('ANNO', LARGE)],
    ['w64', w64Tags([['text', LARGE.toString('latin1', 0, LARGE.length / 2)]])],
  ] as const)('is left out behind the sound of %s, and refuses the file before it', (format, bytes) => {
    const plain = read(`plain.${format}`, FILES[format]);
    const laden = read(`laden.${format}`, WITH[format](FILES[format], [], [bytes]));
    expect(laden.planes).toEqual(plain.planes);
    expect(laden.warnings).toEqual([
      expect.stringMatching(/^Tags were left out: one claims 178257\d\d bytes\.$/),
    ]);
    expect(() => open(`before.${format}`, WITH[format](FILES[format], [bytes]))).toThrow(
      refusal('ERR_AUDIO_UNSUPPORTED', 'one claims 178257'),
    );
  });

  test('refuses an AU whose text it is', () => {
    const head = Buffer.from(FILES.au.subarray(0, 24));
    head.writeUInt32BE(24 + LARGE.length, 4);
    expect(() => open('text.au', Buffer.concat([head, LARGE, FILES.au.subarray(24)]))).toThrow(
      refusal('ERR_AUDIO_UNSUPPORTED', 'one claims 17825'),
    );
  });

  const setUp = LARGE.subarray(0, 1_100_000);
  test.each([
    ['wav', riffChunk('fmt ', setUp)],
    ['wav', riffChunk('XMA2', setUp)],
    ['aiff', aiffChunk('wave', setUp)],
    ['caf', cafChunk('kuki', setUp)],
    ['avi', riffChunk('strf', setUp)],
  ] as const)('refuses the file where it sets up a codec: %s', (format, bytes) => {
    expect(() => open(`set-up.${format}`, WITH[format](FILES[format], [bytes]))).toThrow(
      refusal('ERR_AUDIO_UNSUPPORTED', 'what sets up the codec claims 1100000 bytes'),
    );
  });

  test('refuses a CAF whose table has more packets than it has room for', () => {
    const table = Buffer.alloc(1000);
    table.writeUInt32BE(1001, 4);
    expect(() => open('table.caf', withCafChunks(FILES.caf, [cafChunk('pakt', table)]))).toThrow(
      refusal('ERR_AUDIO_UNSUPPORTED', '"pakt" claims 1001 packets'),
    );
  });
});

test('a frame of more samples than any codec has is damaged', () => {
  const mka = fixture('mka');
  // A segment of an unknown length, with one more cluster, of one block.
  Buffer.from('01ffffffffffffff', 'hex').copy(mka, mka.indexOf('18538067', 'hex') + 4);
  const cluster = (samples: number) => {
    const block = Buffer.alloc(4 + samples * 2);
    block.set([0x81, 0, 0, 0x80]);
    return element('1f43b675', element('e7', Buffer.alloc(1)), element('a3', block));
  };
  const { frames } = read('plain.mka', mka);
  expect(read('long.mka', Buffer.concat([mka, cluster(2 ** 16)])).frames).toBe(frames + 2 ** 16);
  writeFileSync(at('longer.mka'), Buffer.concat([mka, cluster(2 ** 24 + 1)]));
  expect(() => readAll(at('longer.mka'))).toThrow(
    refusal('ERR_AUDIO_DECODE', `damage after frame ${frames} `),
  );
});

describe('tags where FFmpeg loses its place', () => {
  const big = Buffer.alloc(4);
  const places: readonly (readonly [what: string, name: string, file: (tags: readonly Entry[]) => Buffer])[] =
    [
      [
        'behind an odd chunk of lengths, without padding',
        'rf64',
        (tags) => {
          const plain = FILES.wav;
          const lengths = Buffer.alloc(29);
          lengths.writeUInt32LE(plain.length - 44, 8);
          const head = Buffer.concat([plain.subarray(0, 12), riffChunk('ds64', lengths).subarray(0, 37)]);
          head.write('RF64');
          // From here on it makes positions even again.
          const rest = withChunks(plain, [info(tags)]).subarray(12);
          return Buffer.concat([head, rest.subarray(0, 24), Buffer.alloc(1), rest.subarray(24)]);
        },
      ],
      [
        'behind an odd description, with padding twice',
        'aiff',
        (tags) => {
          const plain = FILES.aiff;
          const at = plain.indexOf('COMM');
          const form = aiffChunk('COMM', Buffer.concat([plain.subarray(at + 8, at + 26), Buffer.alloc(1)]));
          const id3Chunk = aiffChunk('ID3 ', id3(userFrames(tags)));
          const parts = [form, Buffer.alloc(1), id3Chunk, plain.subarray(at + 26)];
          return withAiffChunks(Buffer.concat([plain.subarray(0, at), ...parts]), []);
        },
      ],
      [
        'behind sound without padding',
        'w64',
        (tags) => {
          const at = FILES.w64.indexOf('data');
          const bytes = Number(FILES.w64.readBigUInt64LE(at + 16)) - 24 - 3;
          const sound = w64Chunk(FILES.w64.toString('hex', at, at + 16), FILES.w64.subarray(at + 24));
          sound.writeUInt32LE(bytes + 24, 16);
          return Buffer.concat([FILES.w64.subarray(0, at), sound.subarray(0, bytes + 24), w64Tags(tags)]);
        },
      ],
      [
        'behind no tags in no bytes',
        'caf',
        (tags) => withCafChunks(FILES.caf, [cafChunk('info', Buffer.alloc(0)), big, cafTags(tags)]),
      ],
      [
        'behind one whose padding was forgotten',
        'wav',
        (tags) => {
          const list = info(tags);
          const odd = Buffer.from('IODD\x03\0\0\0odd', 'latin1');
          const body = Buffer.concat([Buffer.from('INFO'), odd, list.subarray(12)]);
          return withChunks(FILES.wav, [riffChunk('LIST', body)]);
        },
      ],
    ];

  test.each(places)('%s are read in %s', (_, name, file) => {
    expect(read(`few.${name}`, file(entries(100))).info.tags.fields.length).toBeGreaterThanOrEqual(100);
  });

  test.each(places)('%s are seen in %s where they are too many', (_, name, file) => {
    writeFileSync(at(`many.${name}`), file(entries(6000)));
    let seen = '';
    try {
      seen = readAll(at(`many.${name}`)).warnings.join();
    } catch (error) {
      seen = (error as Error).message;
    }
    expect(seen).toContain('there are too many of them');
  });
});

describe('chunks by the hundred thousand', () => {
  test.each([
    ['wav', riffChunk('none', Buffer.alloc(0))],
    ['caf', cafChunk('none', Buffer.alloc(0))],
  ] as const)('are left out behind the sound of %s, and refuse the file before it', (format, one) => {
    const many = Buffer.alloc(300_000 * one.length, one);
    const laden = read(`laden.${format}`, WITH[format](FILES[format], [], [many]));
    expect(laden.planes).toEqual(read(`plain.${format}`, FILES[format]).planes);
    expect(laden.warnings).toEqual([expect.stringMatching(/^Tags were left out: there are too many/)]);
    expect(() => open(`before.${format}`, WITH[format](FILES[format], [many]))).toThrow(
      refusal('ERR_AUDIO_UNSUPPORTED', 'too many'),
    );
  });
});

describe('cues by the ten thousand', () => {
  const cues = (ids: readonly number[]) => {
    const body = Buffer.alloc(4 + ids.length * 24);
    body.writeUInt32LE(ids.length);
    for (const [i, id] of ids.entries()) body.writeUInt32LE(id, 4 + i * 24);
    return riffChunk('cue ', body);
  };
  const names = (ids: readonly number[]) => {
    const labels = ids.map((id) => {
      const body = Buffer.from('____x\0');
      body.writeUInt32LE(id);
      return riffChunk('labl', body);
    });
    return riffChunk('LIST', Buffer.concat([Buffer.from('adtl'), ...labels]));
  };
  const rising = Array.from({ length: 25_000 }, (_, i) => i);

  test('are read where their numbers rise', () => {
    expect(read('cues.wav', withChunks(FILES.wav, [cues(rising)])).frames).toBe(2000);
    // FFmpeg reads none where there is no room for as many as there should be.
    const none = cues(rising.toReversed());
    none.writeUInt32LE(25_001, 8);
    expect(read('none.wav', withChunks(FILES.wav, [none])).frames).toBe(2000);
  });

  test('refuse the file where FFmpeg would compare each with all others', () => {
    const falling = withChunks(FILES.wav, [cues(rising.toReversed())]);
    expect(() => open('falling.wav', falling)).toThrow(refusal('ERR_AUDIO_UNSUPPORTED', 'too many'));
    const named = withChunks(FILES.wav, [cues(rising), names(rising)]);
    expect(() => open('named.wav', named)).toThrow(refusal('ERR_AUDIO_UNSUPPORTED', 'too many'));
    // One long name and an end in it is many short ones to FFmpeg.
    const few = names(rising.slice(0, 1));
    few.writeUInt32LE(HUGE, 16);
    const hidden = riffChunk('LIST', Buffer.concat([few.subarray(8), names(rising).subarray(12)]));
    const hiding = withChunks(FILES.wav, [cues(rising), hidden]);
    expect(() => open('hiding.wav', hiding)).toThrow(refusal('ERR_AUDIO_UNSUPPORTED', 'too many'));
  });
});

import { closeSync, mkdirSync, openSync, readFileSync, writeFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import type { TranscodeSettings } from '../../src/audio/plan/request.ts';
import { type ReadAs, transcodeInto } from '../../src/audio/transcode-into.ts';
import { identityOf } from '../../src/files/unnamed-file.ts';
import { probe } from '../../src/service/probe/probe.ts';
import { isSameStreamed } from '../../src/service/same-streamed.ts';
import { mutate } from '../fuzz/mutate.ts';
import { keptFiles, madeFiles } from '../fuzz/seeds.ts';
import { dirtyShard } from '../stand.ts';
import { Dice } from '../stress/contents.ts';
import { convert, scratch } from './audio-files.ts';
import { chunk, noise, wav } from './wav.ts';

const at = scratch();

function identityAt(path: string): string {
  const fd = openSync(path, 'r');
  const identity = identityOf(fd);
  closeSync(fd);
  return identity;
}

/** Into an empty file, unless there is one. @returns what is in it, and what was said of it */
function into(
  readAs: ReadAs,
  input: Buffer,
  settings: TranscodeSettings,
  there: string | Buffer = '',
): [Buffer, string[]] {
  writeFileSync(at('in'), input);
  writeFileSync(at('into'), there);
  const output = { path: at('into'), name: 'into', identity: identityAt(at('into')) };
  const pool = dirtyShard();
  const context = { pool, signal: new AbortController().signal, block: { bytes: 8192 } };
  const { warnings } = transcodeInto({ input: at('in'), output, readAs, ...settings }, context);
  expect(pool.lent).toBe(0);
  return [readFileSync(at('into')), warnings];
}

function whole(input: Buffer, settings: TranscodeSettings): [Buffer, string[]] {
  writeFileSync(at('in'), input);
  const { warnings } = convert(at('in'), at('whole'), settings.to, settings);
  return [readFileSync(at('whole')), warnings];
}

const tone = (frames: number): number[] => noise(frames, 16, 3);
const cue = chunk('cue ', Buffer.alloc(28, 1));
const long = (letters: number): Record<string, string> => ({ INAM: 'x'.repeat(letters) });

/** What has a header that says its length to the frame, by what is special. */
const exact: Readonly<Record<string, Buffer>> = {
  'a lone byte at its end': wav([noise(777, 8).map((value) => value + 128)], { format: 'u8' }),
  'floats, whose frames are in a chunk of their own': wav([tone(999).map((v) => v / 32_768)], {
    format: 'f32',
  }),
  'chunks behind its sound': wav([tone(1000)], { behind: [cue, chunk('odd ', Buffer.from('123'))] }),
  'chunks in front of it': wav([tone(1000)], { before: [chunk('bext', Buffer.alloc(602, 65)), cue] }),
  'more tags than a buffer holds': wav([tone(30_000)], { tags: long(200_000) }),
  'six channels': wav(
    Array.from({ length: 6 }, () => tone(500)),
    { mask: 0x3f },
  ),
  'valid bits': wav([noise(700, 20).map((v) => v * 16)], { format: 's24', mask: 4, validBits: 20 }),
  'an open length': withSize(wav([tone(1000), tone(1000)]), 0xffff_ffff),
  'a length beyond its end': withSize(wav([tone(1000)]), 5000),
  'half a frame at its end': Buffer.concat([withSize(wav([tone(500), tone(500)]), 2003), Buffer.alloc(3)]),
};

function withSize(file: Buffer, size: number): Buffer {
  file.writeUInt32LE(size, 40);
  return file;
}

const settings: readonly Partial<TranscodeSettings>[] = [
  {},
  { rate: 48_000 },
  { rate: 8000, channels: 1 },
  { bits: 24, gainDb: -3 },
  { fadeInSeconds: 0.01, fadeOutSeconds: 0.01 },
];

it.each(Object.entries(exact))('promises the sizes of a WAV with %s, and keeps it', (_, input) => {
  for (const asked of settings) {
    const request = { to: 'wav', ...asked } as const;
    const [bytes, warnings] = into('promised', input, request);
    const [expected, said] = whole(input, request);
    expect(bytes.equals(expected)).toBe(true);
    expect(warnings).toEqual(said);
  }
});

it('promises nothing but what it keeps, of every format that is read; and the service knows of what', () => {
  mkdirSync(at('made'));
  const promised = new Set<string>();
  for (const { name, bytes } of [...madeFiles(at('made')), ...keptFiles()]) {
    const request = { to: 'wav', rate: 44_100 } as const;
    let expected: [Buffer, string[]];
    try {
      expected = whole(bytes, request);
    } catch {
      continue;
    }
    const known = probe((target, from) => bytes.copy(target, 0, from), bytes.length);
    if (isSameStreamed(request, known)) {
      promised.add(name);
      expect([name, into('promised', bytes, request)[0].equals(expected[0])]).toEqual([name, true]);
    }
  }
  const sure = ['wav/pcm_s16le', 'wav/pcm_f32le', 'w64/pcm_s32le', 'flac/flac'];
  expect(sure.filter((name) => !promised.has(name))).toEqual([]);
});

it('keeps the promises of hostile files to the byte, or ends with an error', () => {
  const seed = Math.floor(Math.random() * 2 ** 31);
  const dice = new Dice(seed);
  mkdirSync(at('hostile'));
  const files = [...madeFiles(at('hostile')), ...keptFiles()];
  const honest = files
    .filter(({ name }) => /^(?:wav|w64|flac)\/pcm|^flac/.test(name))
    .map(({ bytes }) => bytes);
  let kept = 0;
  for (let trial = 0; trial < 100; trial++) {
    const { bytes } = mutate(dice.pick(honest), dice, honest);
    const request = {
      to: 'wav',
      maxSeconds: 60,
      ...dice.pick([{}, { rate: 48_000 }, { channels: 2 }]),
    } as const;
    const known = probe((target, from) => bytes.copy(target, 0, from), bytes.length);
    if (!isSameStreamed(request, known)) continue;
    let promised: Buffer;
    try {
      [promised] = into('promised', bytes, request);
    } catch {
      continue;
    }
    kept++;
    expect([seed, trial, promised.equals(whole(bytes, request)[0])]).toEqual([seed, trial, true]);
  }
  expect(kept).toBeGreaterThan(5);
});

function flac(frames: number): Buffer {
  writeFileSync(at('lie.wav'), wav([tone(frames), tone(frames)]));
  convert(at('lie.wav'), at('lie.flac'), 'flac');
  return readFileSync(at('lie.flac'));
}

it.each([
  ['fewer', 20_000],
  ['more', 60_000],
])('ends with an error where there are %s frames than announced', (_, frames) => {
  const lie = flac(40_000);
  lie.writeUInt32BE(frames, 22);
  expect(() => into('promised', lie, { to: 'wav' })).toThrow(
    expect.objectContaining({
      code: 'ERR_AUDIO_DECODE',
      message: expect.stringContaining(`${frames} frames`),
    }),
  );
  // Of what went out nothing looks whole.
  const sent = readFileSync(at('into'));
  expect(sent.length < 8 || sent.length !== sent.readUInt32LE(4) + 8).toBe(true);
});

it('ends with an error where a frame in the middle is damaged', () => {
  const damaged = flac(60_000);
  damaged.fill(0xaa, damaged.length >> 1, (damaged.length >> 1) + 3000);
  expect(() => into('promised', damaged, { to: 'wav' })).toThrow(
    expect.objectContaining({ code: 'ERR_AUDIO_DECODE' }),
  );
});

it('promises nothing of what does not say its length to the frame', () => {
  writeFileSync(at('short.wav'), wav([tone(5000)]));
  convert(at('short.wav'), at('short.mp3'), 'mp3');
  expect(() => into('promised', readFileSync(at('short.mp3')), { to: 'wav' })).toThrow(
    expect.objectContaining({ code: 'ERR_AUDIO_UNSUPPORTED' }),
  );
  expect(readFileSync(at('into')).length).toBe(0);
});

it('goes on behind what is there, and takes no other bytes for its own', () => {
  const input = wav([tone(50_000)]);
  const [bytes] = into('promised', input, { to: 'wav', bits: 24 });
  const half = bytes.subarray(0, bytes.length >> 1);
  expect(into('promised', input, { to: 'wav', bits: 24 }, half)[0].equals(bytes)).toBe(true);
  expect(() => into('promised', input, { to: 'wav', bits: 24 }, 'RIFX')).toThrow(
    expect.objectContaining({ code: 'ERR_OUTPUT_VERIFY' }),
  );
});

it.each([
  'whole',
  'stream',
  'promised',
] as const)('writes %s into the very file that was named, and no other', (readAs) => {
  const output = { path: at('another'), name: 'another', identity: '1:2:3' };
  writeFileSync(at('in'), wav([tone(1000)]));
  writeFileSync(output.path, "another's");
  const context = { pool: dirtyShard(), signal: new AbortController().signal, block: { bytes: 8192 } };
  expect(() => transcodeInto({ input: at('in'), output, readAs, to: 'wav' }, context)).toThrow(
    expect.objectContaining({ code: 'ERR_OUTPUT_WRITE' }),
  );
  expect(readFileSync(output.path, 'utf8')).toBe("another's");
});

it('leaves nothing of an earlier try in a file that is read once it is whole', () => {
  const input = wav([tone(1000)]);
  expect(
    into('whole', input, { to: 'flac' }, 'x'.repeat(100_000))[0].equals(whole(input, { to: 'flac' })[0]),
  ).toBe(true);
  expect(() => into('whole', Buffer.from('no audio'), { to: 'flac' }, 'left')).toThrow(/ERR|audio/);
});

/**
 * What every conversion must give back, whether it succeeds or fails: descriptors, native objects and memory.
 */
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { CodecContext, FormatContext, IOContext } from 'node-av/lib';
import { beforeAll, describe, expect, test, vi } from 'vitest';
import { Block } from '../../src/audio/block.ts';
import { openDecoder } from '../../src/audio/open-decoder.ts';
import type { TargetName } from '../../src/audio/plan/targets.ts';
import { dirtyShard } from '../stand.ts';
import { convert, type Job, readAll, scratch } from './audio-files.ts';
import { pictureOnly } from './mov.ts';
import { inOnePage, withSerial } from './ogg.ts';
import { remux } from './remux.ts';
import { chunk, noise, to16, tone, writeWav } from './wav.ts';

const at = scratch();

const GOOD: readonly (readonly [string, TargetName, Job])[] = [
  ['sound.wav', 'flac', {}],
  ['sound.wav', 'mp3', { rate: 22_050, fadeOutSeconds: 0.1 }],
  ['sound.flac', 'wav', {}],
  ['chain.ogg', 'opus', {}],
  ['sound.m4a', 'ogg', {}],
  ['changes.mp3', 'flac', { rate: 48_000 }],
  ['chunks.wav', 'wav', { gainDb: -1 }],
];

const stopping = () => {
  throw new RangeError('stop');
};

const FAILING: readonly (readonly [string, TargetName, Job])[] = [
  ['text.wav', 'flac', {}],
  ['missing.wav', 'flac', {}],
  ['picture.m4a', 'flac', {}],
  ['empty.wav', 'mp3', {}],
  ['nine.wav', 'flac', {}],
  ['damaged.flac', 'wav', {}],
  ['nothing.m4a', 'wav', {}],
  ['sound.wav', 'flac', { rate: 700_000 }],
  ['links.oga', 'wav', {}],
  ['sound.wav', 'flac', { process: () => stopping }],
  ['sound.wav', 'mp3', { process: () => stopping }],
  ['sound.flac', 'm4a', { process: stopping }],
];

beforeAll(() => {
  const sound = writeWav(at('sound.wav'), [to16(tone(60_000, 44_100, 440, 0.5)), noise(60_000, 16)]);
  for (const to of ['flac', 'm4a', 'ogg'] as const) convert(sound, at(`sound.${to}`), to);
  const flac = readFileSync(at('sound.flac'));
  flac.fill(0x55, 100_000, 100_200);
  writeFileSync(at('damaged.flac'), flac);
  const m4a = readFileSync(at('sound.m4a'));
  const data = m4a.indexOf('mdat') + 4;
  m4a.fill(0xff, data, data - 4 + m4a.readUInt32BE(data - 8));
  writeFileSync(at('nothing.m4a'), m4a);
  const short = writeWav(at('short.wav'), [noise(9000, 16), noise(9000, 16)]);
  convert(short, at('short.ogg'), 'ogg');
  const links = [inOnePage(readFileSync(at('short.ogg'))), withSerial(readFileSync(at('sound.ogg')), 3)];
  writeFileSync(at('chain.ogg'), Buffer.concat(links));
  const parts = [writeWav(at('mono.wav'), [noise(9000, 16)]), short].map((input) => {
    convert(input, at('part.mp3'), 'mp3');
    return readFileSync(at('part.mp3'));
  });
  writeFileSync(at('changes.mp3'), Buffer.concat(parts));
  writeWav(at('chunks.wav'), [noise(9000, 16)], { behind: [chunk('cue ', Buffer.alloc(28))] });
  // Its second link is no audio.
  const oga = readFileSync(remux(at('sound.flac'), at('sound.oga'), 'ogg'));
  writeFileSync(at('links.oga'), Buffer.concat([oga, Buffer.from(oga).fill(0x55, 28, 60)]));
  writeFileSync(at('text.wav'), 'no audio\n'.repeat(100));
  writeFileSync(at('picture.m4a'), pictureOnly());
  writeWav(at('empty.wav'), [[]]);
  writeWav(
    at('nine.wav'),
    Array.from({ length: 9 }, () => [1, 2, 3]),
  );
  mkdirSync(at('out'));
});

function everyGoodOne(): void {
  for (const [i, [input, to, job]] of GOOD.entries()) convert(at(input), at(`out/${i}.${to}`), to, job);
  openDecoder(at('sound.m4a')).close();
}

function everyFailingOne(): void {
  for (const [input, to, job] of FAILING) {
    const pool = dirtyShard();
    expect(() => convert(at(input), at(`out/failed.${to}`), to, { ...job, pool })).toThrow();
    expect(pool.lent).toBe(0);
  }
  for (const input of ['text.wav', 'picture.m4a']) expect(() => openDecoder(at(input))).toThrow();
}

const outputs = () => GOOD.map(([, to], i) => readFileSync(at(`out/${i}.${to}`)));

function openFiles(): string[] {
  return readdirSync('/proc/self/fd');
}

/** Counts calls that take something from FFmpeg and that give it back, while `work` runs. */
function balance(work: () => void): Record<string, number> {
  const counts = { codecs: 0, inputs: 0, outputs: 0, files: 0 };
  const watched = [
    [CodecContext.prototype, 'allocContext3', 'codecs', 1],
    [CodecContext.prototype, 'freeContext', 'codecs', -1],
    [FormatContext.prototype, 'openInputSync', 'inputs', 1],
    [FormatContext.prototype, 'closeInputSync', 'inputs', -1],
    [FormatContext.prototype, 'allocOutputContext2', 'outputs', 1],
    [FormatContext.prototype, 'freeContext', 'outputs', -1],
    [IOContext.prototype, 'open2Sync', 'files', 1],
    [IOContext.prototype, 'closepSync', 'files', -1],
  ] as const;
  const spies = watched.map(([prototype, name, count, step]) => {
    const methods = prototype as unknown as Record<string, (...parameters: unknown[]) => unknown>;
    const original = methods[name];
    return vi.spyOn(methods, name).mockImplementation(function (this: unknown, ...parameters) {
      const result = original.apply(this, parameters);
      if (typeof result !== 'number' || result >= 0) counts[count] += step;
      return result;
    });
  });
  try {
    work();
  } finally {
    for (const spy of spies) spy.mockRestore();
  }
  return counts;
}

describe('conversions, good and failing,', () => {
  test('give back all that they took from FFmpeg', () => {
    everyGoodOne();
    for (const [input, to, job] of GOOD) {
      const name = at(`out/once.${to}`);
      expect([input, balance(() => convert(at(input), name, to, job))]).toEqual([
        input,
        { codecs: 0, inputs: 0, outputs: 0, files: 0 },
      ]);
    }
    for (const [input, to, job] of FAILING) {
      const work = () =>
        expect(() =>
          convert(at(input), at(`out/failed.${to}`), to, { ...job, pool: dirtyShard() }),
        ).toThrow();
      // What was never taken may be given back all the same.
      for (const [what, left] of Object.entries(balance(work))) {
        expect([input, what, Math.max(0, left)]).toEqual([input, what, 0]);
      }
    }
    expect(balance(() => openDecoder(at('sound.m4a')).close())).toMatchObject({ codecs: 0, inputs: 0 });
  });

  test.runIf(existsSync('/proc/self/fd'))(
    'leave no descriptor, no memory and no trace in later files',
    () => {
      everyGoodOne();
      everyFailingOne();
      const before = outputs();
      const files = openFiles();
      const rounds = (count: number) => {
        for (let round = 0; round < count; round++) {
          everyFailingOne();
          everyGoodOne();
        }
        globalThis.gc?.();
        return process.memoryUsage.rss();
      };
      const warm = rounds(3);
      const grown = rounds(15) - warm;
      expect(openFiles()).toHaveLength(files.length);
      expect(grown).toBeLessThan(48 * 2 ** 20);
      expect(outputs().map((bytes, i) => bytes.equals(before[i]))).toEqual(GOOD.map(() => true));
      expect(readdirSync(at('out')).filter((name) => name.endsWith('.part'))).toEqual([]);
    },
  );

  test('are hundreds, and survive collections in between', () => {
    const input = writeWav(at('gc.wav'), [noise(3000, 32)], { format: 's32', tags: { INAM: 'x' } });
    for (let round = 0; round < 60; round++) {
      for (const to of ['flac', 'mp3', 'wav'] as const) convert(input, at(`gc.${to}`), to);
      globalThis.gc?.();
    }
  });
});

describe('a decoder that was closed before its end', () => {
  test.each(['wav', 'flac', 'ogg'] as const)('leaves none of its samples to the next file: %s', (to) => {
    const loud = writeWav(at('loud.wav'), [noise(50_000, 16)]);
    const quiet = writeWav(at('quiet.wav'), [Array(50_000).fill(0)]);
    for (const [name, input] of [
      ['loud', loud],
      ['quiet', quiet],
    ] as const) {
      convert(input, at(`${name}-part.${to}`), to);
    }
    const alone = readAll(at(`quiet-part.${to}`));
    for (let round = 0; round < 3; round++) {
      const decoder = openDecoder(at(`loud-part.${to}`));
      decoder.configure('f32', decoder.info.sampleRate);
      const block = new Block(dirtyShard().acquire(4096), 1);
      expect(decoder.read(block)).toBe(1024);
      decoder.close();
      const next = readAll(at(`quiet-part.${to}`));
      expect(next.frames).toBe(50_000);
      expect(next.planes).toEqual(alone.planes);
    }
  });
});

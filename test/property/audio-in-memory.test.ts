/** Audio that lies in leases, cut at random, is read and written as it is in files. */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import fc from 'fast-check';
import { beforeAll, describe, expect, test } from 'vitest';
import { Block } from '../../src/audio/block.ts';
import { openDecoder } from '../../src/audio/open-decoder.ts';
import type { TranscodeRequest, TranscodeResult } from '../../src/audio/plan/request.ts';
import { TARGETS, type TargetName } from '../../src/audio/plan/targets.ts';
import { createSink } from '../../src/audio/sinks/create-sink.ts';
import type { AudioBytes } from '../../src/audio/sources/lease-source.ts';
import type { AudioInput } from '../../src/audio/sources/open-source.ts';
import { type BlockFormat, type Kernel, transcode } from '../../src/audio/transcode.ts';
import { openHere, type SpooledFile } from '../../src/files/spool.ts';
import type { Lease } from '../../src/pool/lease.ts';
import type { Pool } from '../../src/pool/pool.ts';
import { convert, scratch } from '../audio/audio-files.ts';
import { refusal } from '../audio/refusal.ts';
import { noise, to16, tone, writeWav } from '../audio/wav.ts';
import { dirtyShard } from '../stand.ts';

const at = scratch();
const TARGET_NAMES = Object.keys(TARGETS) as TargetName[];
const fixtures = new URL('../audio/fixtures/', import.meta.url);
const FIXTURES = readdirSync(fixtures).filter((name) => name.startsWith('tone.'));
const NAMES = [...TARGET_NAMES.map((name) => `tone.${name}`), ...FIXTURES];

beforeAll(() => {
  for (const name of FIXTURES) writeFileSync(at(name), readFileSync(new URL(name, fixtures)));
  const planes = [to16(tone(100_000, 48_000, 440, 0.5)), noise(100_000, 16)];
  writeWav(at('tone.wav'), planes, { rate: 48_000 });
  for (const to of TARGET_NAMES) if (to !== 'wav') convert(at('tone.wav'), at(`tone.${to}`), to);
});

/** The bytes in leases of these lengths, again and again; the last has what is left. */
function inLeases(bytes: Buffer, lengths: readonly number[], pool: Pool): AudioBytes {
  const leases = [];
  for (let from = 0, i = 0; from < bytes.length; i++) {
    const piece = bytes.subarray(from, from + lengths[i % lengths.length]);
    const lease = pool.acquire(piece.length);
    lease.bytes.set(piece);
    leases.push(lease);
    from += piece.length;
  }
  return { leases };
}

function decoded(input: AudioInput): unknown {
  using decoder = openDecoder(input);
  using lease = dirtyShard().acquire(65_536);
  const block = new Block(lease, decoder.info.channels);
  const parts = [];
  for (let frames = decoder.read(block); frames > 0; frames = decoder.read(block)) {
    parts.push(block.planes.map((plane) => plane.slice(0, frames)));
  }
  return { info: decoder.info, warnings: decoder.warnings, parts };
}

const lengthsOfPieces = fc.array(fc.integer({ min: 1, max: 200_000 }), { minLength: 1, maxLength: 5 });

function everyWayOfCutting(runs: number, check: (lengths: number[]) => void): void {
  fc.assert(
    fc.property(lengthsOfPieces, (lengths) => {
      // A few hundred leases are enough.
      fc.pre(lengths.some((length) => length > 500));
      check(lengths);
    }),
    { numRuns: runs, examples: [[[65_536]], [[4096]], [[1_000_000]]] },
  );
}

describe('audio in leases', () => {
  test.each(NAMES)('is read as from a file: %s', (name) => {
    const bytes = readFileSync(at(name));
    const expected = decoded(at(name));
    everyWayOfCutting(5, (lengths) => {
      const pool = dirtyShard();
      const input = inLeases(bytes, lengths, pool);
      expect(decoded(input)).toEqual(expected);
      for (const lease of input.leases) lease.release();
    });
  });

  test.each(
    TARGET_NAMES.flatMap((from) => TARGET_NAMES.map((to) => ({ from, to }))),
  )('becomes the bytes that a file becomes: $from to $to', ({ from, to }) => {
    const request = { to, gainDb: -3, fadeOutSeconds: 0.5 };
    const expected = convert(at(`tone.${from}`), at(`file.${to}`), to, request);
    everyWayOfCutting(3, (lengths) => {
      const pool = dirtyShard();
      const input = inLeases(readFileSync(at(`tone.${from}`)), lengths, pool);
      const { leases, ...result } = inMemory({ ...request, input, output: { leases: true } }, pool);
      expect({ ...result, leases: null }).toEqual(expected);
      expect(Buffer.concat((leases ?? []).map((lease) => lease.bytes))).toEqual(
        readFileSync(at(`file.${to}`)),
      );
      for (const lease of [...input.leases, ...(leases ?? [])]) lease.release();
      expect(pool.lent).toBe(0);
    });
  });

  test.each(
    TARGET_NAMES,
  )('becomes the same bytes in a file without a name, from the beginning or the middle: %s', (to) => {
    const expected = convert(at('tone.wav'), at(`file.${to}`), to);
    const bytes = readFileSync(at(`file.${to}`));
    const most = 100 * 1024 * 1024;
    fc.assert(
      fc.property(fc.integer({ min: 0, max: bytes.length + 70_000 }), fc.boolean(), (limit, share) => {
        // Either no more is allowed, or there is no more memory: the block needs 64 KiB of its own.
        const budgetBytes = share ? most : 1_310_720 + Math.ceil(limit / 1024) * 1024;
        const pool = dirtyShard({
          budgetBytes,
          mostOutputBytes: share ? limit : budgetBytes,
          reserveBytes: 65_536,
        });
        const request = { input: at('tone.wav'), output: { leases: true }, to } as const;
        const { leases, file, ...result } = inMemory(request, pool);
        expect({ ...result, leases: null, file: null }).toEqual(expected);
        expect((leases === null) !== (file === null)).toBe(true);
        if (share && limit < bytes.length) expect(leases).toBeNull();
        expect(contentOf(leases, file).equals(bytes)).toBe(true);
        for (const lease of leases ?? []) lease.release();
        file?.[Symbol.dispose]();
        expect(pool.lent).toBe(0);
      }),
      {
        numRuns: 30,
        examples: [
          [0, true],
          [bytes.length + 70_000, false],
        ],
      },
    );
    expect([...openHere()]).toEqual([]);
  });

  test('that comes to more than it was to goes on as a file, with what was written before', () => {
    const pool = dirtyShard({ mostOutputBytes: 100_000 });
    using sink = createSink({ leases: true }, pool, 1000);
    sink.write(Buffer.from('ab'), 99_998);
    expect(pool.lent).toBe(2);
    sink.write(Buffer.from('cd'), 150_000);
    expect(pool.lent).toBe(0);
    sink.write(Buffer.from('ef'), 10);
    const expected = Buffer.alloc(150_002);
    for (const [text, position] of [
      ['ab', 99_998],
      ['cd', 150_000],
      ['ef', 10],
    ] as const)
      expected.write(text, position);
    expect([sink.size(), sink.commit()]).toEqual([150_002, 150_002]);
    using file = sink.take().file;
    expect(contentOf(null, file).equals(expected)).toBe(true);
  });

  test('of a length that nobody knows becomes a file', () => {
    const pool = dirtyShard();
    const request = { input: at('tone.caf'), output: { leases: true }, to: 'mp3' } as const;
    const { leases, file } = inMemory(request, pool);
    convert(at('tone.caf'), at('file.mp3'), 'mp3');
    expect(leases).toBeNull();
    expect(contentOf(null, file).equals(readFileSync(at('file.mp3')))).toBe(true);
    file?.[Symbol.dispose]();
  });

  test.each([
    0, 65_536, 1_000_000,
  ])('that may come to so much comes to no more, with %i in leases', (most) => {
    const pool = dirtyShard({ mostOutputBytes: most });
    convert(at('tone.wav'), at('file.flac'), 'flac');
    const { length } = readFileSync(at('file.flac'));
    const request = { input: at('tone.wav'), to: 'flac' } as const;
    expect(() =>
      inMemory({ ...request, output: { leases: true }, maxOutputBytes: length - 1 }, pool),
    ).toThrow(refusal('ERR_OUTPUT_TOO_LARGE', 'raise maxOutputBytes'));
    expect([pool.lent, [...openHere()]]).toEqual([0, []]);
    const { leases, file } = inMemory({ ...request, output: { leases: true }, maxOutputBytes: length }, pool);
    expect(contentOf(leases, file).equals(readFileSync(at('file.flac')))).toBe(true);
    for (const lease of leases ?? []) lease.release();
    file?.[Symbol.dispose]();
    for (const maxOutputBytes of [0, -1, Number.NaN]) {
      expect(() => inMemory({ ...request, output: { leases: true }, maxOutputBytes }, pool)).toThrow(
        refusal('ERR_INVALID_ARGUMENT', `got maxOutputBytes ${maxOutputBytes}`),
      );
    }
    expect([pool.lent, [...openHere()]]).toEqual([0, []]);
  });

  test('that fails leaves neither leases nor files', () => {
    for (const mostOutputBytes of [0, 65_536]) {
      const pool = dirtyShard({ mostOutputBytes });
      const request = { input: at('tone.wav'), output: { leases: true }, to: 'wav' } as const;
      const process = () => () => {
        throw new Error('enough');
      };
      expect(() => inMemory(request, pool, process)).toThrow('enough');
      expect([pool.lent, [...openHere()]]).toEqual([0, []]);
    }
  });

  test('is called by its name in what is said of it', () => {
    const pool = dirtyShard();
    const { leases } = inLeases(Buffer.from('no audio\n'.repeat(100)), [100], pool);
    for (const [name, said] of [
      [undefined, 'got "memory"'],
      ['upload.mp3', 'got "upload.mp3"'],
    ] as const) {
      expect(() => openDecoder({ leases, ...(name !== undefined && { name }) })).toThrow(
        refusal('ERR_AUDIO_OPEN', said),
      );
    }
  });

  test('ends where the caller says, and holds no more than its leases do', () => {
    const pool = dirtyShard();
    const { leases } = inLeases(readFileSync(at('tone.wav')), [65_536], pool);
    const half = decoded({ leases, bytes: 200_044 }) as { parts: Float32Array[][]; warnings: string[] };
    expect(half.parts.reduce((sum, [left]) => sum + left.length, 0)).toBe(50_000);
    expect(() => openDecoder({ leases, bytes: 400_045 })).toThrow(
      refusal('ERR_INVALID_ARGUMENT', 'as many bytes as they hold, 400044'),
    );
  });

  test('that is released while it is read ends in an error of its own, and the next is read', () => {
    const pool = dirtyShard();
    const { leases } = inLeases(readFileSync(at('tone.wav')), [65_536], pool);
    using decoder = openDecoder({ leases });
    using lease = pool.acquire(65_536);
    const block = new Block(lease, 2);
    for (const one of leases) one.release();
    expect(() => {
      while (decoder.read(block) > 0);
    }).toThrow(refusal('ERR_LEASE_RELEASED'));
    expect(decoded(inLeases(readFileSync(at('tone.wav')), [65_536], pool))).toEqual(decoded(at('tone.wav')));
  });

  test('holds zeros where nothing was written, whatever lay in its memory before', () => {
    using sink = createSink({ leases: true }, dirtyShard(), 70_002);
    sink.write(Buffer.from('ab'), 70_000);
    sink.write(Buffer.from('cd'), 10);
    const written = Buffer.concat((sink.take().leases ?? []).map((lease) => lease.bytes));
    const expected = Buffer.alloc(70_002);
    expected.write('cd', 10);
    expected.write('ab', 70_000);
    expect(written).toEqual(expected);
  });
});

function inMemory(
  request: TranscodeRequest,
  pool: Pool,
  process?: (format: BlockFormat) => Kernel,
): TranscodeResult {
  const signal = new AbortController().signal;
  return transcode(request, { pool, signal, block: { bytes: 65_536 } }, process);
}

function contentOf(leases: readonly Lease[] | null, file: SpooledFile | null): Buffer {
  if (file === null) return Buffer.concat((leases ?? []).map((lease) => lease.bytes));
  const content = Buffer.alloc(file.bytes);
  expect(file.read(content, 0)).toBe(file.bytes);
  return content;
}

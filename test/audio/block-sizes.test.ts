import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { KiB } from '../../src/bytes.ts';
import { dirtyShard, makeStand } from '../stand.ts';
import { convert, pianoNotes, readAll, scratch } from './audio-files.ts';
import { noise, writeWav } from './wav.ts';

const at = scratch();

/** Gives another size at every look, from too small for one frame to more than the file. */
function hostile(seed: number): { readonly bytes: number } {
  const sizes = [1, 4, 8, 12, 60, 64, 68, 100, 1000, 4095, 4096, 4097, 65_536, 65_540, 131_072, 1_048_576];
  let state = seed;
  return {
    get bytes() {
      state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
      return sizes[state % sizes.length];
    },
  };
}

const jobs = [
  { name: 'flac', to: 'flac' as const, job: {} },
  { name: 'mp3', to: 'mp3' as const, job: {} },
  { name: 'ogg', to: 'ogg' as const, job: {} },
  { name: 'opus at another rate', to: 'opus' as const, job: {} },
  { name: 'wav at another rate', to: 'wav' as const, job: { rate: 32_000 } },
  { name: 'm4a mixed to mono', to: 'm4a' as const, job: { channels: 1 } },
  {
    name: 'flac with gain and fades',
    to: 'flac' as const,
    job: { gainDb: -3, fadeInSeconds: 0.2, fadeOutSeconds: 0.3 },
  },
];

describe('block sizes', () => {
  test.each(
    jobs.flatMap((job) => [1, 2, 3].map((seed) => ({ ...job, seed }))),
  )('of a hostile schedule make the same file: $name, seed $seed', ({ to, job, seed }) => {
    const [note] = pianoNotes().slice(seed);
    const usual = convert(note, at(`usual.${to}`), to, job);
    expect(convert(note, at(`hostile.${to}`), to, { ...job, block: hostile(seed) })).toEqual(usual);
    expect(readFileSync(at(`hostile.${to}`)).equals(readFileSync(at(`usual.${to}`)))).toBe(true);
  });

  test('of a hostile schedule carry 32-bit integers too', () => {
    const planes = [1, 2, 3].map((seed) => noise(20_000, 32, seed));
    const input = writeWav(at('deep.wav'), planes, { format: 's32' });
    convert(input, at('deep.flac'), 'flac', { block: hostile(9) });
    expect(readAll(at('deep.flac'), 's32', 1000).planes.map((plane) => Array.from(plane))).toEqual(planes);
  });

  test('are asked for with rate and channels where a size knows them', () => {
    const input = writeWav(at('asked.wav'), [noise(50_000, 16), noise(50_000, 16)], { rate: 32_000 });
    const asked = new Set<string>();
    const block = {
      bytes: 8,
      frames: (...of: number[]) => {
        asked.add(of.join());
        return 1000 + asked.size;
      },
    };
    const pool = dirtyShard();
    convert(input, at('asked.flac'), 'flac', { pool, block });
    expect([...asked]).toEqual(['2,32000']);
    expect(readAll(at('asked.flac')).planes).toEqual(readAll(input).planes);
  });

  test('that cannot grow for want of memory stay as they are', () => {
    const input = writeWav(at('in.wav'), [noise(50_000, 16)]);
    const pool = dirtyShard({ budgetBytes: 64 * KiB });
    let looks = 0;
    const block = {
      get bytes() {
        looks++;
        return looks < 3 ? 4096 : 65_536;
      },
    };
    expect(convert(input, at('kept.flac'), 'flac', { pool, block }).frames).toBe(50_000);
    expect(pool.refused).toBe(0);
    expect(readAll(at('kept.flac')).planes).toEqual(readAll(input).planes);
  });

  test('one lease serves a job, whatever the file', () => {
    const input = writeWav(at('many.wav'), [noise(50_000, 16), noise(50_000, 16)]);
    const pool = dirtyShard();
    convert(input, at('many.flac'), 'flac', { pool });
    expect(pool.acquired).toBe(1);
  });
});

describe('progress', () => {
  test('rises to 1', () => {
    const input = writeWav(at('p.wav'), [noise(100_000, 16)]);
    const seen: number[] = [];
    convert(input, at('p.flac'), 'flac', { progress: (fraction) => seen.push(fraction) });
    expect(seen.length).toBeGreaterThan(3);
    expect(seen).toEqual([...seen].sort((a, b) => a - b));
    expect(seen.at(-1)).toBe(1);
  });
});

describe('a block', () => {
  test('is one that the reserve holds where no larger one is to be had at once, and grows when it is', () => {
    const input = writeWav(at('full.wav'), [noise(3_000_000, 16)]);
    const budgetBytes = 2112 * KiB;
    const { shards, clock } = makeStand({ budgetBytes }, { shards: 2 });
    const [pool, other] = shards;
    const held = other.acquireAll([1024 * KiB, 1024 * KiB], { leaveReserve: true });
    expect(pool.charged + other.charged).toBe(2048);
    const capacities = new Set<number>();
    const block = {
      bytes: 1024 * KiB,
      processed: (bytes: number) => {
        capacities.add(bytes);
        // All but the last, which has what is left.
        if (capacities.size === 1) for (const lease of held) lease[Symbol.dispose]();
        other.idle.trim(2048);
      },
    };
    convert(input, at('full.flac'), 'flac', { pool, block });
    expect([...capacities].slice(0, 2)).toEqual([64 * KiB, 1024 * KiB]);
    expect([pool.refused, clock]).toEqual([0, 0]);
  });
});

describe('a block that shrinks', () => {
  /** A pool that can hold 1 MiB and little more, and the most that it ever held. */
  function shrink(sizes: readonly number[], budgetBytes = 1088 * KiB) {
    const input = writeWav(at('shrink.wav'), [noise(600_000, 16)]);
    const pool = dirtyShard({ budgetBytes, blockBytes: KiB, reserveBytes: 0 });
    let looks = 0;
    let most = 0;
    const block = {
      get bytes() {
        most = Math.max(most, pool.charged);
        return sizes[Math.min(sizes.length - 1, looks++)];
      },
    };
    convert(input, at('shrunk.flac'), 'flac', { pool, block });
    expect(readAll(at('shrunk.flac')).planes).toEqual(readAll(input).planes);
    return { most, acquired: pool.acquired, refused: pool.refused, idle: pool.idleCounts };
  }

  test('stays in its buffer as long as no smaller one holds it', () => {
    const KIBS = [1024, 768, 576, 432, 324, 243, 182, 136, 102, 77];
    expect(shrink(KIBS.map((kib) => kib * KiB))).toMatchObject({ most: 1024, acquired: 1, refused: 0 });
  });

  test('gives its large buffer back as soon as a small one holds it', () => {
    const { acquired, idle } = shrink([1024 * KiB, 57 * KiB]);
    expect([acquired, ...idle]).toEqual([2, 0, 1, 1]);
  });

  test('does so also where the budget holds nothing beside it', () => {
    const { most, acquired, refused, idle } = shrink([64 * KiB, 4 * KiB], 64 * KiB);
    expect([most, acquired, refused, ...idle]).toEqual([64, 2, 0, 1, 0, 0]);
  });
});

import { describe, expect, it } from 'vitest';
import { KiB, MiB } from '../../src/bytes.ts';
import { LeaseShare } from '../../src/service/lease-share.ts';
import { madeOf, madeOfText, Results } from '../../src/service/results.ts';
import { WorkDir } from '../../src/service/work-dir.ts';
import { scratch } from '../audio/audio-files.ts';
import { dirtyShard } from '../stand.ts';

const at = scratch();

function world(shareBytes = MiB, limitBytes = 10 * MiB) {
  const workDir = new WorkDir(at('work'), limitBytes);
  const pool = dirtyShard();
  const share = new LeaseShare(pool, shareBytes);
  const results = new Results(1000);
  const make = (address: string, bytes: number) => {
    const file = workDir.create(bytes);
    file.put(Buffer.alloc(bytes, address));
    const result = { address, type: 'audio/flac', made: madeOf(file, share), notes: [] };
    results.keep(result, ['client']);
    return result;
  };
  return { workDir, pool, share, results, make };
}

async function read(stream: AsyncIterable<Buffer>): Promise<string> {
  const pieces: Buffer[] = [];
  for await (const piece of stream) pieces.push(piece);
  return `${Buffer.concat(pieces)}`;
}

describe('a result', () => {
  it('is in memory while its share has room, and else in a file; both are counted', async () => {
    const { workDir, share, make } = world();
    const made = Array.from('abcdefghij', (address) => make(address, 150 * KiB));
    expect(share.usedBytes).toBeGreaterThan(500 * KiB);
    expect(share.usedBytes).toBeLessThanOrEqual(MiB);
    const inFiles = workDir.usedBytes / (150 * KiB);
    expect(Number.isInteger(inFiles) && inFiles > 0).toBe(true);
    for (const { address, made: bytes } of made) {
      expect(await read(bytes.createReadStream(70_000, 140_000))).toBe(address.repeat(70_000));
    }
  });

  it('that is large is in a file', () => {
    const { workDir, share, make } = world();
    make('a', 300 * KiB);
    expect([share.usedBytes, workDir.usedBytes]).toEqual([0, 300 * KiB]);
  });

  it('counts until the last who reads it is through, also when it was forgotten long before', async () => {
    const { workDir, pool, share, results, make } = world();
    const [small, large] = [make('a', 200 * KiB), make('b', 400 * KiB)];
    const readers = [small.made.createReadStream(0, 200 * KiB), large.made.createReadStream(0, 400 * KiB)];
    const held = large.made.retain();
    results.clear();
    expect(results.find('a', 'client')).toBe(null);
    expect(share.usedBytes).toBeGreaterThanOrEqual(200 * KiB);
    expect(workDir.usedBytes).toBe(400 * KiB);
    // Nobody gets what they hold.
    const others = Array.from('cdefghij', (address) => make(address, 200 * KiB));
    expect(share.usedBytes).toBeLessThanOrEqual(MiB);
    expect(await read(readers[0])).toBe('a'.repeat(200 * KiB));
    expect(await read(readers[1])).toBe('b'.repeat(400 * KiB));
    results.clear();
    expect(others.length).toBe(8);
    await expect.poll(() => share.usedBytes).toBe(0);
    expect(workDir.usedBytes).toBe(400 * KiB);
    held[Symbol.dispose]();
    expect(workDir.usedBytes).toBe(0);
    expect(pool.lent).toBe(0);
  });

  it('of text is counted as any other, and refused where nothing has room', async () => {
    const { workDir, share } = world(64 * KiB, 100 * KiB);
    const made = [10, 60].map((kib) => madeOfText('x'.repeat(kib * KiB), share, workDir));
    expect(share.usedBytes).toBeGreaterThan(0);
    expect(workDir.usedBytes).toBeGreaterThan(0);
    expect(() => madeOfText('x'.repeat(90 * KiB), share, workDir)).toThrow(
      expect.objectContaining({ code: 'ERR_WORK_DIR_FULL' }),
    );
    expect(await read(made[0].createReadStream(0, 5))).toBe('xxxxx');
    for (const one of made) one[Symbol.dispose]();
    await expect.poll(() => share.usedBytes).toBe(0);
    expect(workDir.usedBytes).toBe(0);
  });
});

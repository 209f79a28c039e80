import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ByteReader, ByteWriter, createSharedBytes } from '../../src/thread/byte-channel.ts';
import { noise } from '../audio/wav.ts';

const RING = 256 * 1024;
const BYTES = Buffer.from(noise(3 * RING + 1234, 8).map((value) => value + 128));
/** Of positions in the words that both sides share. */
const [WRITTEN, READ] = [1, 2];

function ring(at = 0) {
  const shared = createSharedBytes();
  const words = new Int32Array(shared, 0, 6);
  words[WRITTEN] = at;
  words[READ] = at;
  return { writer: new ByteWriter(shared), reader: new ByteReader(shared) };
}

async function readAll(reader: ByteReader, lengths: readonly number[]): Promise<Buffer> {
  const parts: Buffer[] = [];
  for (let turn = 0; ; turn++) {
    const piece = Buffer.alloc(lengths[turn % lengths.length]);
    const length = await reader.readAsync(piece);
    if (length === 0) return Buffer.concat(parts);
    parts.push(piece.subarray(0, length));
  }
}

const lengths = fc.array(fc.integer({ min: 1, max: 2 * RING }), { minLength: 1, maxLength: 4 });

describe('bytes between threads', () => {
  it('come in order and whole, however they are cut, also where positions overflow', async () => {
    const property = fc.asyncProperty(
      lengths,
      lengths,
      fc.constantFrom(0, -1, -70_000, 2 ** 31 - 5),
      async (puts, takes, at) => {
        fc.pre([...puts, ...takes].every((length) => length > 2000));
        const { writer, reader } = ring(at);
        const read = readAll(reader, takes);
        for (let from = 0, turn = 0; from < BYTES.length; turn++) {
          const piece = BYTES.subarray(from, from + puts[turn % puts.length]);
          expect(await writer.writeAsync(piece)).toBe(true);
          from += piece.length;
        }
        writer.end();
        expect((await read).equals(BYTES)).toBe(true);
      },
    );
    await fc.assert(property, { numRuns: 20 });
  });

  it('that were written before the end are read before it, and the end says why', async () => {
    const { writer, reader } = ring();
    expect(writer.write(Buffer.from('abc'))).toBe(true);
    writer.end(5);
    writer.end();
    const piece = Buffer.alloc(10);
    expect([reader.read(piece), piece.toString('latin1', 0, 3)]).toEqual([3, 'abc']);
    expect([reader.read(piece), reader.errno]).toEqual([0, 5]);
  });

  it('are lost where nobody reads any more, and whoever writes them hears it', async () => {
    const { writer, reader } = ring();
    const writing = writer.writeAsync(BYTES);
    expect(await reader.readAsync(Buffer.alloc(10))).toBe(10);
    reader.refuse();
    expect([await writing, writer.write(Buffer.from('abc')), writer.refused]).toEqual([false, false, true]);
    expect(reader.read(Buffer.alloc(10))).toBe(0);
  });

  it('wake a reader that waits, and so does their end', async () => {
    const { writer, reader } = ring();
    const piece = Buffer.alloc(10);
    const first = reader.readAsync(piece);
    writer.write(Buffer.from('abc'));
    expect(await first).toBe(3);
    const second = reader.readAsync(piece);
    writer.end();
    expect(await second).toBe(0);
  });
});

/** Many audio files at once, from leases to leases or files, in a budget that holds few of them. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { TranscodeRequest, TranscodeResult } from '../../src/audio/plan/request.ts';
import type { TargetName } from '../../src/audio/plan/targets.ts';
import { KiB, type Lease, MiB, type Runtime } from '../../src/index.ts';
import { convert } from '../audio/audio-files.ts';
import { noise, to16, tone, writeWav } from '../audio/wav.ts';
import { closedAfterEach, PATIENCE_MS } from './started.ts';

const start = closedAfterEach();
const folder = mkdtempSync(join(tmpdir(), 'millpond-many-'));
afterAll(() => rmSync(folder, { recursive: true }));

/** Path by what it is. */
const prompts: string[] = [];
const tracks: string[] = [];

beforeAll(() => {
  for (let at = 0; at < 8; at++) {
    const planes = [to16(tone(8000 * (1 + at), 8000, 300 + 50 * at, 0.5))];
    prompts.push(writeWav(join(folder, `prompt-${at}.wav`), planes, { rate: 8000 }));
  }
  for (let at = 0; at < 3; at++) {
    const planes = [noise(44_100 * 5, 16, at + 1), to16(tone(44_100 * 5, 44_100, 200, 0.3))];
    tracks.push(writeWav(join(folder, `track-${at}.wav`), planes, { rate: 44_100 }));
  }
});

/** As a caller that has the whole upload at hand: all its memory or none, and it waits for that. */
async function inLeases(bytes: Buffer, runtime: Runtime, piece: number): Promise<Lease[]> {
  const lengths = [];
  for (let at = 0; at < bytes.length; at += piece) lengths.push(Math.min(piece, bytes.length - at));
  const leases = await runtime.pool.acquireAllAsync(lengths, { timeoutMs: PATIENCE_MS });
  for (const [at, lease] of leases.entries()) lease.bytes.set(bytes.subarray(at * piece, (at + 1) * piece));
  return leases;
}

async function contentOf({ leases, file }: TranscodeResult): Promise<Buffer> {
  if (file !== null) {
    using _closed = file;
    return await buffer(file.createReadStream());
  }
  const content = Buffer.concat((leases ?? []).map((lease) => lease.bytes));
  for (const lease of leases ?? []) lease.release();
  return content;
}

const CASES = [
  { what: 'prompts', inputs: () => prompts, to: 'mp3', budgetBytes: 16 * MiB, piece: MiB, tasks: 192 },
  { what: 'prompts', inputs: () => prompts, to: 'wav', budgetBytes: MiB, piece: 64 * KiB, tasks: 192 },
  { what: 'prompts', inputs: () => prompts, to: 'flac', budgetBytes: 512 * KiB, piece: 64 * KiB, tasks: 96 },
  { what: 'whole tracks', inputs: () => tracks, to: 'flac', budgetBytes: 8 * MiB, piece: MiB, tasks: 64 },
  { what: 'whole tracks', inputs: () => tracks, to: 'mp3', budgetBytes: 2 * MiB, piece: 64 * KiB, tasks: 64 },
] as const;

describe('64 tasks in flight, memory to memory', () => {
  it.each(
    CASES,
  )('$what to $to under $budgetBytes bytes: none fails, and nothing is over or left', async (given) => {
    const { inputs, to, budgetBytes, piece, tasks } = given;
    const expected = inputs().map((path) => expectedOf(path, to));
    const { runtime, events } = await start('../../workers/transcode', { budgetBytes, safety: 'sampled' });
    let next = 0;
    let files = 0;
    const caller = async (): Promise<void> => {
      while (next < tasks) {
        const which = next++ % inputs().length;
        const leases = await inLeases(readFileSync(inputs()[which]), runtime, piece);
        const request: TranscodeRequest = { input: { leases }, output: { leases: true }, to };
        const result = await runtime.run<TranscodeResult>(request);
        if (result.file !== null) files++;
        expect((await contentOf(result)).equals(expected[which])).toBe(true);
      }
    };
    await Promise.all(Array.from({ length: 64 }, caller));
    const { budget, pool, tasks: counts, loans } = runtime.snapshot();
    console.log(
      `${given.what} to ${to} under ${budgetBytes / KiB} KiB: ${files} of ${tasks} outputs were files`,
    );
    expect(counts).toMatchObject({ succeeded: tasks, failed: 0, lost: 0, cancelled: 0 });
    expect(budget.peakBytes).toBeLessThanOrEqual(budgetBytes);
    expect([pool.refused, loans.count]).toEqual([0, 0]);
    expect(events.filter(({ event }) => event === 'exhaustion')).toEqual([]);
    expect(await runtime.close()).toEqual({ endBytes: 0, leaks: 0, refused: 0, left: [] });
  });
});

function expectedOf(path: string, to: TargetName): Buffer {
  const output = `${path}.${to}`;
  convert(path, output, to);
  return readFileSync(output);
}

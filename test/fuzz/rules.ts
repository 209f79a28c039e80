/**
 * One hostile file through real jobs of a real runtime, and what must hold of the outcome whatever the file
 * is. Runs in a process of its own, on its main thread; what must hold of the process its parent looks at.
 */
import { mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { AnalyzeResult } from '../../src/audio/analysis/request.ts';
import type { TranscodeResult, TranscodeSettings } from '../../src/audio/plan/request.ts';
import { STREAMED_TARGETS } from '../../src/audio/plan/streams.ts';
import { ERROR_CODES, isMillpondError } from '../../src/errors.ts';
import type { Runtime } from '../../src/runtime/runtime.ts';
import { ByteReader, ByteWriter, createSharedBytes } from '../../src/thread/byte-channel.ts';

/** One hostile file, and what is to be made of it. */
export interface Order {
  /** Of the hostile file. */
  readonly path: string;
  /** Of which outputs are made in a new one. */
  readonly folder: string;
  readonly settings: TranscodeSettings;
}

type Way = 'file' | 'memory' | 'stream' | 'analyze';

export interface Answer {
  /** `ok`, or the code of its error. */
  readonly outcomes: Readonly<Record<Way, string>>;
  /** What did not hold. */
  readonly broken: readonly string[];
  /** Of CPU time of the whole process. */
  readonly cpuMs: number;
}

/** What an input may be told; all else would be a fault of millpond's, or of the machine. */
const OF_INPUTS = /^ERR_(AUDIO_(?!CHANGED)|OUTPUT_TOO_LARGE$)/;

/** As much as a block may hold, for what encoders say themselves of their ends. */
const STREAM_PIECE = 65_536;

export async function tryOne(runtime: Runtime, { path, folder, settings }: Order): Promise<Answer> {
  const broken: string[] = [];
  const before = process.cpuUsage();
  mkdirSync(folder);
  const output = join(folder, `out.${settings.to}`);
  const outcome = async (way: Way, work: () => Promise<unknown>): Promise<string> => {
    try {
      await work();
      return 'ok';
    } catch (error) {
      if (!isMillpondError(error) || !(error.code in ERROR_CODES) || !OF_INPUTS.test(error.code)) {
        broken.push(`${way}: no typed error of an input's: ${error instanceof Error ? error.stack : error}`);
        return 'untyped';
      }
      return error.code;
    }
  };
  const run = <Result>(job: string, input: unknown): Promise<Result> => runtime.run<Result>(input, { job });

  const analyze = await outcome('analyze', () =>
    run<AnalyzeResult>('analyze', { input: path, maxSeconds: settings.maxSeconds }),
  );
  const file = await outcome('file', async () => {
    const result = await run<TranscodeResult>('transcode', { ...settings, input: path, output });
    const again = await run<AnalyzeResult>('analyze', { input: output }).catch((error) => error as Error);
    if (again instanceof Error) broken.push(`file: its output is none: ${again.message}`);
    // Opus is always decoded at 48 kHz.
    else if (Math.abs(again.frames - result.seconds * again.sampleRate) > 1) {
      broken.push(`file: ${result.seconds} s were promised, ${again.seconds} are in the output`);
    }
  });
  const left = readdirSync(folder);
  if (left.join() !== (file === 'ok' ? `out.${settings.to}` : '')) {
    broken.push(`file: ${file}, and in its folder is ${left.join() || 'nothing'}`);
  }
  const memory = await outcome('memory', async () => {
    const bytes = readFileSync(path);
    const lease = await runtime.pool.acquireAsync(Math.max(1, bytes.length));
    lease.bytes.set(bytes);
    const { leases, file: spooled } = await run<TranscodeResult>('transcode', {
      ...settings,
      input: { leases: [lease], bytes: bytes.length },
      output: { leases: true },
    });
    const made =
      leases === null
        ? await all(spooled!.createReadStream())
        : Buffer.concat(leases.map((one) => one.bytes));
    for (const one of leases ?? []) one.release();
    spooled?.[Symbol.dispose]();
    if (file === 'ok' && !made.equals(readFileSync(output)))
      broken.push('memory: other bytes than in the file');
  });
  if (memory !== file) broken.push(`memory: ${memory}, but as a file ${file}`);
  const stream = STREAMED_TARGETS.includes(settings.to)
    ? await outcome('stream', () => streamed(runtime, path, settings))
    : 'none';
  rmSync(folder, { recursive: true });
  const { user, system } = process.cpuUsage(before);
  return { outcomes: { file, memory, stream, analyze }, broken, cpuMs: (user + system) / 1000 };
}

async function all(stream: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const pieces: Uint8Array[] = [];
  for await (const piece of stream) pieces.push(Buffer.from(piece));
  return Buffer.concat(pieces);
}

async function streamed(runtime: Runtime, path: string, settings: TranscodeSettings): Promise<void> {
  const { fadeOutSeconds: _, ...rest } = settings;
  const from = createSharedBytes();
  const to = createSharedBytes();
  const writer = new ByteWriter(from);
  const reader = new ByteReader(to);
  const piece = Buffer.allocUnsafeSlow(STREAM_PIECE);
  const pour = writer.writeAsync(readFileSync(path)).then(() => writer.end());
  const drain = (async () => {
    while ((await reader.readAsync(piece)) > 0);
  })();
  const input = { name: 'feed', ring: from };
  try {
    await runtime.run({ ...rest, input, output: { name: 'drain', ring: to } }, { job: 'stream' });
  } finally {
    await Promise.all([pour, drain]);
  }
}

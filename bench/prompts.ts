/** Short audio files through a runtime, by files and by memory: the same bytes come out. */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { TranscodeRequest, TranscodeResult } from '../src/audio/index.ts';
import { createRuntime, type Runtime } from '../src/index.ts';

/** An audio file as a service has it: its bytes are there; they lie in a file as well. */
export interface Prompt {
  readonly file: string;
  readonly bytes: Buffer;
}

/**
 * `files`: from a file that is there into a file that stays. `by files`: bytes are written into a file, and
 * the output is read from one. `memory`: bytes go in leases, and come in leases.
 */
export type Way = 'files' | 'by files' | 'memory';

export interface Pass {
  readonly way: Way;
  readonly to: 'mp3' | 'flac';
  /** A folder for files in between, and for outputs. */
  readonly folder: string;
  /** Tasks that are under way at once. */
  readonly depth: number;
}

export function promptRuntime(threads: number, budgetBytes: number): Promise<Runtime> {
  const job = new URL('../workers/transcode.ts', import.meta.url);
  return createRuntime({ job, threads, budgetBytes });
}

export function loadPrompts(files: readonly string[]): Prompt[] {
  return files.map((file) => ({ file, bytes: readFileSync(file) }));
}

/**
 * @param done is told after each
 * @returns the bytes of all outputs together, or their digest where one is asked for
 */
export async function convertAll(
  runtime: Runtime,
  prompts: readonly Prompt[],
  pass: Pass,
  { digest = false, done }: { readonly digest?: boolean; readonly done?: () => void } = {},
): Promise<string> {
  const digests: string[] = [];
  let sum = 0;
  const queue = prompts.entries();
  const lane = async (): Promise<void> => {
    for (const [at, prompt] of queue) {
      const look = (pieces: readonly Uint8Array[]): void => {
        for (const { length } of pieces) sum += length;
        if (!digest) return;
        const hash = createHash('sha256');
        for (const piece of pieces) hash.update(piece);
        digests[at] = hash.digest('hex');
      };
      await WAYS[pass.way]({ runtime, prompt, at, pass, look, digest });
      done?.();
    }
  };
  await Promise.all(Array.from({ length: pass.depth }, lane));
  return digest ? digests.join() : String(sum);
}

interface One {
  readonly runtime: Runtime;
  readonly prompt: Prompt;
  readonly at: number;
  readonly pass: Pass;
  readonly digest: boolean;
  look(pieces: readonly Uint8Array[]): void;
}

const WAYS: Readonly<Record<Way, (one: One) => Promise<void>>> = {
  async files({ runtime, prompt, at, pass, look, digest }) {
    const output = join(pass.folder, `${at}.${pass.to}`);
    const { bytesWritten } = await convert(runtime, { to: pass.to, input: prompt.file, output });
    // Whoever works by files does not read them at once.
    look([digest ? await readFile(output) : ({ length: bytesWritten } as Uint8Array)]);
  },
  async 'by files'({ runtime, prompt, at, pass, look }) {
    const input = join(pass.folder, `${at}.in`);
    const output = join(pass.folder, `${at}.${pass.to}`);
    await writeFile(input, prompt.bytes);
    await convert(runtime, { to: pass.to, input, output });
    look([await readFile(output)]);
    await Promise.all([rm(input), rm(output)]);
  },
  async memory({ runtime, prompt, pass, look }) {
    const { bytes } = prompt;
    const lease = await runtime.pool.acquireAsync(bytes.length);
    lease.bytes.set(bytes);
    const request = { to: pass.to, input: { leases: [lease] }, output: { leases: true } } as const;
    const { leases, file } = await convert(runtime, request);
    using held = new DisposableStack();
    for (const one of leases ?? []) held.use(one);
    if (file !== null) {
      held.use(file);
      const spooled = Buffer.alloc(file.bytes);
      file.read(spooled, 0);
      look([spooled]);
    } else look((leases ?? []).map(({ bytes }) => bytes));
  },
};

function convert(runtime: Runtime, request: TranscodeRequest): Promise<TranscodeResult> {
  return runtime.run<TranscodeResult>(request);
}

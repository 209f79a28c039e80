/**
 * One audio file that is written while it is read: bytes of stdin to the job, and those of the job to stdout,
 * as they come. Owns the main thread's ends of two rings in shared memory, until the command is done.
 * Invariants: nothing but the bytes of the output gets to stdout; neither side waits for one that has gone.
 */
import { constants } from 'node:os';
import type { OutputChecks, TranscodeSettings } from '../audio/plan/request.ts';
import { STREAMED_TARGETS } from '../audio/plan/streams.ts';
import type { StreamRequest } from '../audio/transcode-stream.ts';
import type { Decision } from '../batch/plan.ts';
import { MillpondError } from '../errors.ts';
import { writeBytes } from '../pool/sending.ts';
import { ByteReader, ByteWriter, createSharedBytes, type SharedBytes } from '../thread/byte-channel.ts';
import { wrongValue } from './arguments.ts';
import type { CommandWork } from './batch.ts';
import type { Interrupt } from './interrupt.ts';
import { listOne, stdinDecision } from './pipeline.ts';
import { DASH, readStdin, STDIN } from './stdin.ts';

/** What messages call stdout. */
const STDOUT = 'stdout';
/** Written at once. */
const PIECE_BYTES = 65_536;

interface Wanted extends TranscodeSettings, OutputChecks {
  readonly piped: boolean;
  readonly input: string;
  readonly out: string;
}

/** @throws MillpondError `ERR_INVALID_ARGUMENT` where something that was asked for cannot be a stream */
export function checkStream({ piped, input, out, to, fadeOutSeconds = 0, verify }: Wanted): void {
  if (!piped) {
    throw wrongValue('--out', out, 'a stream goes to stdout. Write --out -, or leave --stream out.');
  }
  if (!STREAMED_TARGETS.includes(to)) {
    throw wrongValue(
      '--to',
      to,
      `it is finished at its beginning, so it is no stream. Leave --stream out, or choose ${STREAMED_TARGETS.join(', ')}.`,
    );
  }
  if (verify) {
    throw new MillpondError(
      'ERR_INVALID_ARGUMENT',
      '--verify: a stream is gone before it could be decoded again. Leave out --stream or --verify.',
    );
  }
  if (input === DASH && fadeOutSeconds > 0) {
    throw wrongValue(
      '--fade-out',
      String(fadeOutSeconds),
      'of a stream the end is not known before it is there. Leave out --stream or --fade-out.',
    );
  }
}

/** What it owns is to be disposed of when the command is done. */
export class StreamWork implements CommandWork, Disposable {
  readonly job = 'stream';
  readonly outputs = null;
  readonly piped = true;
  readonly #input: string;
  readonly #settings: TranscodeSettings;
  readonly #from: SharedBytes = createSharedBytes();
  readonly #to: SharedBytes = createSharedBytes();
  readonly #timeoutSeconds: number | undefined;
  #signal: AbortSignal | null = null;
  #written: Promise<void> = Promise.resolve();

  /** @param timeoutSeconds default: none, since a radio station has no end */
  constructor(input: string, settings: TranscodeSettings, timeoutSeconds: number | undefined) {
    this.#input = input;
    this.#settings = settings;
    this.#timeoutSeconds = timeoutSeconds;
  }

  timeoutMs = (): number | undefined =>
    this.#timeoutSeconds === undefined ? undefined : this.#timeoutSeconds * 1000;

  async *list({ signal }: Interrupt): AsyncGenerator<readonly Decision[]> {
    this.#signal = signal;
    if (this.#input !== DASH) yield* listOne(this.#input, signal);
    // Of its length nothing is known; progress goes by shares of one second.
    else yield [stdinDecision(0, 1)];
  }

  request = ({ input }: { readonly input: string }): StreamRequest => {
    const signal = this.#signal as AbortSignal;
    if (this.#input === DASH) void pour(new ByteWriter(this.#from), signal);
    this.#written = drain(new ByteReader(this.#to), signal);
    return {
      ...this.#settings,
      input: this.#input === DASH ? { name: STDIN, ring: this.#from } : input,
      output: { name: STDOUT, ring: this.#to },
    };
  };

  finish = (): Promise<void> => this.#written;

  [Symbol.dispose](): void {
    // Where the job's thread died, nobody else has said so.
    new ByteWriter(this.#to).end();
    if (this.#input !== DASH) return;
    new ByteReader(this.#from).refuse();
    process.stdin.destroy();
  }
}

/** Passes on what comes from stdin, until it ends or nobody wants more. */
async function pour(into: ByteWriter, signal: AbortSignal): Promise<void> {
  try {
    for await (const piece of readStdin(signal)) {
      if (!(await into.writeAsync(piece))) break;
    }
    into.end();
  } catch (error) {
    // A signal ends it without a number; the job looks at the signal first.
    into.end(Math.abs((error as NodeJS.ErrnoException).errno ?? constants.errno.EIO));
  }
}

/** Passes on to stdout what was made, until it ends or cannot be written. */
async function drain(from: ByteReader, signal: AbortSignal): Promise<void> {
  const cancel = () => from.refuse();
  signal.addEventListener('abort', cancel);
  const piece = Buffer.allocUnsafeSlow(PIECE_BYTES);
  try {
    for (let bytes = await from.readAsync(piece); bytes > 0; bytes = await from.readAsync(piece)) {
      await writeBytes(piece.subarray(0, bytes), process.stdout, { signal });
    }
  } catch {
    // Who reads may have seen enough; of all else `main` has heard from stdout itself.
  } finally {
    from.refuse();
    signal.removeEventListener('abort', cancel);
  }
}

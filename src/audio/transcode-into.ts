/**
 * One file into another that somebody else has, who reads it once it is whole, or while it is made.
 * Synchronous; runs on one thread. Invariant: what is read while it is made grows only at its end, and what
 * is in it stays: a second try, after a crash of the first, has to make the same bytes.
 */
import { closeSync, fstatSync } from 'node:fs';
import { MillpondError } from '../errors.ts';
import { readAll } from '../files/spool.ts';
import { writeAll } from '../files/whole-file.ts';
import { jsonText } from '../text/escaping.ts';
import type { AudioJobContext } from './decoded-blocks.ts';
import { checkRequest, type TranscodeResult, type TranscodeSettings } from './plan/request.ts';
import type { MadeSink } from './sinks/create-sink.ts';
import { createGivenSink, type GivenFile, openGiven, unwritable } from './sinks/given-sink.ts';
import { createPromisedWavSink } from './sinks/promised-wav-sink.ts';
import type { ToCome } from './sinks/sink.ts';
import { createStreamSink } from './sinks/stream-sink.ts';
import { type AudioInput, openSource } from './sources/open-source.ts';
import { convert, countFrames } from './transcode.ts';

/**
 * How an output is read: once it is `whole`; or while it is made, as a `stream`, or as a WAV whose sizes are
 * `promised` at its beginning, which has the bytes of a whole one.
 */
export type ReadAs = 'whole' | 'stream' | 'promised';

export interface IntoRequest extends TranscodeSettings {
  readonly input: AudioInput;
  /** Whoever asked has it open. */
  readonly output: GivenFile;
  readonly readAs: ReadAs;
  /** As of `OutputChecks`, of a whole one. */
  readonly verify?: boolean;
}

/**
 * @throws MillpondError as `transcode`; of a file that is read while it is made `ERR_OUTPUT_VERIFY` where it
 * has other bytes already, and `ERR_AUDIO_UNSUPPORTED` or `ERR_AUDIO_DECODE` where nothing can be promised,
 * or that was not kept
 */
export function transcodeInto(
  request: IntoRequest,
  context: AudioJobContext,
): Omit<TranscodeResult, 'leases' | 'file'> {
  const { input, output, readAs, verify = false, fadeOutSeconds = 0 } = request;
  context.signal.throwIfAborted();
  checkRequest(request);
  const totalFrames = fadeOutSeconds > 0 ? countFrames(input, request, context) : 0;
  using growing = readAs === 'whole' ? null : openGrowing(output);
  const create = (toCome: ToCome): MadeSink => {
    if (growing === null) return createGivenSink(output);
    const drain = { name: output.name, write: (bytes: Uint8Array) => growing.append(bytes) };
    return readAs === 'promised' ? createPromisedWavSink(drain, toCome) : createStreamSink(drain);
  };
  const {
    leases: _,
    file: __,
    ...result
  } = convert(openSource(input), { ...request, totalFrames }, context, { create, checks: { verify } });
  growing?.checkWhole();
  return result;
}

function openGrowing(output: GivenFile) {
  const { name } = output;
  const fd = openGiven(output);
  const there = fstatSync(fd).size;
  let at = 0;
  return {
    append(bytes: Uint8Array): void {
      const known = Math.min(bytes.length, Math.max(0, there - at));
      if (known > 0) {
        const before = Buffer.allocUnsafe(known);
        readAll(fd, before, at);
        if (!before.equals(bytes.subarray(0, known))) throw different(name, at);
      }
      try {
        if (known < bytes.length) writeAll(fd, bytes.subarray(known), at + known);
      } catch (cause) {
        throw unwritable(name, cause);
      }
      at += bytes.length;
    },
    checkWhole(): void {
      if (at < there) throw different(name, at);
    },
    [Symbol.dispose]: () => closeSync(fd),
  };
}

function different(name: string, at: number): MillpondError {
  return new MillpondError(
    'ERR_OUTPUT_VERIFY',
    `What is made a second time has the same bytes, got others of ${jsonText(name)} from ${at} on. Make it anew.`,
  );
}

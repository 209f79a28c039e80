/**
 * One file into another that others read while it is made. Synchronous; runs on one thread. Invariant: the
 * output grows only at its end, and what is in it stays: a second try, after a crash of the first, has to
 * make the same bytes.
 */
import { closeSync, constants, fstatSync, openSync } from 'node:fs';
import { MillpondError } from '../errors.ts';
import { systemPath } from '../files/byte-paths.ts';
import { readAll } from '../files/spool.ts';
import { writeAll } from '../files/whole-file.ts';
import { escaped, jsonText } from '../text/escaping.ts';
import type { AudioJobContext } from './decoded-blocks.ts';
import { checkRequest, type TranscodeResult, type TranscodeSettings } from './plan/request.ts';
import { createStreamSink } from './sinks/stream-sink.ts';
import type { NamedFile } from './sources/file-source.ts';
import { type AudioInput, openSource } from './sources/open-source.ts';
import { convert, countFrames } from './transcode.ts';

export interface ProgressiveRequest extends TranscodeSettings {
  readonly input: AudioInput;
  /** A file that is there, with a name for messages; whoever asked reads it. */
  readonly output: NamedFile;
}

/**
 * @throws MillpondError as `transcode`; `ERR_OUTPUT_VERIFY` where the file has other bytes already
 */
export function transcodeProgressive(
  request: ProgressiveRequest,
  context: AudioJobContext,
): Omit<TranscodeResult, 'leases' | 'file'> {
  const { input, output, fadeOutSeconds = 0 } = request;
  context.signal.throwIfAborted();
  checkRequest(request);
  const totalFrames = fadeOutSeconds > 0 ? countFrames(input, request, context) : 0;
  using file = openGrowing(output);
  const {
    leases: _,
    file: __,
    ...result
  } = convert(openSource(input), { ...request, totalFrames }, context, {
    create: () => createStreamSink({ name: output.name, write: (bytes) => file.append(bytes) }),
  });
  file.checkWhole();
  return result;
}

function openGrowing({ path, name }: NamedFile) {
  let fd: number;
  try {
    fd = openSync(systemPath(path), constants.O_RDWR);
  } catch (cause) {
    throw unwritable(name, cause);
  }
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

function unwritable(name: string, cause: unknown): MillpondError {
  return new MillpondError(
    'ERR_OUTPUT_WRITE',
    `What is read while it is made is a file that can be written, got ${jsonText(name)}: ${escaped((cause as Error).message)}. Free some space.`,
    { cause },
  );
}

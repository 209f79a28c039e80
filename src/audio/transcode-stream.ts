/**
 * One file into another that goes away while it is made, and may come while it is read: through rings in
 * shared memory, whose other ends the main thread has. Synchronous; runs on one thread. Invariant: both rings
 * are told when the task is over, however it ends.
 */
import { getSystemErrorMessage } from 'node:util';
import { MillpondError } from '../errors.ts';
import { jsonText } from '../text/escaping.ts';
import { ByteReader, ByteWriter, type SharedBytes } from '../thread/byte-channel.ts';
import type { AudioJobContext } from './decoded-blocks.ts';
import { checkRequest, type TranscodeResult, type TranscodeSettings } from './plan/request.ts';
import { createStreamSink, type Drain } from './sinks/stream-sink.ts';
import { openSource } from './sources/open-source.ts';
import { type Feed, openStreamSource } from './sources/stream-source.ts';
import { convert, countFrames } from './transcode.ts';

/** Of what comes slowly, as much is late. */
const MOST_BLOCK_SECONDS = 0.1;

export interface StreamRequest extends TranscodeSettings {
  /** The path of a file, or the ring from which it comes, with a name for messages. */
  readonly input: string | NamedRing;
  readonly output: NamedRing;
}

interface NamedRing {
  readonly name: string;
  readonly ring: SharedBytes;
}

/** Of an output that nobody wanted to the end, no more than this is known. */
export type StreamResult = Pick<TranscodeResult, 'seconds' | 'warnings'>;

/**
 * @throws MillpondError as `transcode`; `ERR_INVALID_ARGUMENT` for a fade out of what comes from a ring,
 * since its end must be known beforehand; the signal's reason when cancelled
 */
export function transcodeStream(request: StreamRequest, context: AudioJobContext): StreamResult {
  const { input, output, fadeOutSeconds = 0 } = request;
  using over = new DisposableStack();
  const writer = new ByteWriter(output.ring);
  over.defer(() => writer.end());
  const reader = typeof input === 'string' ? null : new ByteReader(input.ring);
  over.defer(() => reader?.refuse());
  context.signal.throwIfAborted();
  checkRequest(request);
  const open = () => {
    if (typeof input === 'string' || reader === null) return openSource(input as string);
    return openStreamSource(feedOf(input.name, reader, context), context.pool);
  };
  if (reader !== null && fadeOutSeconds > 0) throw endless(fadeOutSeconds);
  const totalFrames = fadeOutSeconds > 0 ? countFrames(input as string, request, context) : 0;
  try {
    return convert(open(), { ...request, totalFrames }, shortBlocks(context), {
      create: () => createStreamSink(drainOf(output.name, writer, context)),
      path: typeof input === 'string' ? input : null,
    });
  } catch (error) {
    // Who reads may have seen enough: that is no failure.
    if (!writer.refused || context.signal.aborted) throw error;
    return { seconds: 0, warnings: [] };
  }
}

/** Nothing of a block goes out before it is full. */
function shortBlocks({ pool, signal, progress, block }: AudioJobContext): AudioJobContext {
  const frames = (channels: number, rate: number): number => {
    const advised = block.frames?.(channels, rate) ?? Math.floor(block.bytes / (channels * 4));
    return Math.max(1, Math.min(advised, Math.round(rate * MOST_BLOCK_SECONDS)));
  };
  const processed = (bytes: number) => block.processed?.(bytes);
  return { pool, signal, ...(progress && { progress }), block: { bytes: block.bytes, frames, processed } };
}

function feedOf(name: string, reader: ByteReader, { signal }: AudioJobContext): Feed {
  return {
    name,
    read(target) {
      const length = reader.read(target);
      if (length > 0) return length;
      signal.throwIfAborted();
      if (reader.errno === 0) return 0;
      throw new MillpondError(
        'ERR_AUDIO_OPEN',
        `An input is an audio file that can be read to its end, got ${jsonText(name)}: ${getSystemErrorMessage(-reader.errno)}. Check what is behind < or in front of |.`,
      );
    },
  };
}

function drainOf(name: string, writer: ByteWriter, { signal }: AudioJobContext): Drain {
  return {
    name,
    write(bytes) {
      if (writer.write(bytes)) return;
      signal.throwIfAborted();
      throw new MillpondError(
        'ERR_OUTPUT_WRITE',
        `What is written is read, got ${jsonText(name)}, which is not.`,
      );
    },
  };
}

function endless(seconds: number): MillpondError {
  return new MillpondError(
    'ERR_INVALID_ARGUMENT',
    `A fade at the end needs an input whose end is known, got one of ${seconds} s for a stream. Leave out --stream or --fade-out.`,
  );
}

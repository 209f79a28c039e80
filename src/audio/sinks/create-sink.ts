/** What users name as an output, as a sink. */
import { type Bytes, formatBytes } from '../../bytes.ts';
import { MillpondError } from '../../errors.ts';
import type { Pool } from '../../pool/pool.ts';
import { createFileSink, type OutputAtPath } from './file-sink.ts';
import { createMemorySink, type Taken } from './memory-sink.ts';
import type { Sink } from './sink.ts';

/**
 * The path of a file, or one with how it is put there; or leases of the pool of the thread that writes, where
 * the output is small enough and there is memory for it at once, and else a file without a name: the result
 * has one of them.
 */
export type AudioOutput = string | OutputAtPath | OutputInLeases;

export interface OutputInLeases {
  readonly leases: true;
  /**
   * Bytes that the output may come to, in leases or as a file: 1 and up. One that would be larger ends with
   * `ERR_OUTPUT_TOO_LARGE`, and nothing is left of it. Set it where others choose the input: 3 KiB of silence
   * in FLAC are 100 MiB of WAV. Default: no limit.
   */
  readonly mostBytes?: Bytes;
}

export interface MadeSink extends Sink {
  /** Once it is committed: what belongs to the caller from then on, which is nothing for a path. */
  take(): Taken;
}

/**
 * @param mostBytes what will be written at the most; `null` where that is not known
 * @throws MillpondError `ERR_INVALID_ARGUMENT`, `ERR_OUTPUT_WRITE`, `ERR_OUTPUT_EXISTS`; from its writes
 * `ERR_OUTPUT_TOO_LARGE`, too
 */
export function createSink(output: AudioOutput, pool: Pool, mostBytes: number | null): MadeSink {
  if (typeof output !== 'string' && 'leases' in output) {
    return limited(createMemorySink(pool, mostBytes), output.mostBytes);
  }
  const file = typeof output === 'string' ? { path: output } : output;
  return { ...createFileSink(file), take: () => ({ leases: null, file: null }) };
}

function limited(sink: MadeSink, limit: Bytes | undefined): MadeSink {
  if (limit === undefined) return sink;
  if (!(limit >= 1)) {
    sink.discard();
    throw new MillpondError(
      'ERR_INVALID_ARGUMENT',
      `An output may come to 1 byte or more, got mostBytes ${limit}. Leave it out for no limit.`,
    );
  }
  return {
    ...sink,
    write(bytes, position) {
      if (position + bytes.length > limit) {
        throw new MillpondError(
          'ERR_OUTPUT_TOO_LARGE',
          `An output comes to ${formatBytes(limit)} at the most, got more. Ask for a smaller format, give it a shorter input, or raise mostBytes.`,
        );
      }
      sink.write(bytes, position);
    },
  };
}

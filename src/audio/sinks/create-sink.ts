/** What users name as an output, as a sink. */
import type { FileTimes } from '../../files/times.ts';
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
}

export interface MadeSink extends Sink {
  /** Once it is committed: what belongs to the caller from then on, which is nothing for a path. */
  take(): Taken;
}

/**
 * @param mostBytes what will be written at the most; `null` where that is not known
 * @param times of a file
 * @throws MillpondError `ERR_OUTPUT_WRITE`, `ERR_OUTPUT_EXISTS`
 */
export function createSink(
  output: AudioOutput,
  pool: Pool,
  mostBytes: number | null,
  times?: FileTimes,
): MadeSink {
  if (typeof output !== 'string' && 'leases' in output) {
    return createMemorySink(pool, mostBytes);
  }
  const file = typeof output === 'string' ? { path: output } : output;
  return { ...createFileSink(file, times), take: () => ({ leases: null, file: null }) };
}

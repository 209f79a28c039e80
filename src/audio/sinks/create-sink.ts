/** What users name as an output, as a sink. */
import type { Pool } from '../../pool/pool.ts';
import { createFileSink } from './file-sink.ts';
import { createMemorySink, type Taken } from './memory-sink.ts';
import type { Sink } from './sink.ts';

/**
 * The path of a file; or leases of the pool of the thread that writes, where the output is small enough and
 * there is memory for it at once, and else a file without a name: the result has one of them.
 */
export type AudioOutput = string | { readonly leases: true };

interface MadeSink extends Sink {
  /** Once it is committed: what belongs to the caller from then on, which is nothing for a path. */
  take(): Taken;
}

/**
 * @param mostBytes what will be written at the most; `null` where that is not known
 * @throws MillpondError `ERR_OUTPUT_WRITE`, from its writes too
 */
export function createSink(output: AudioOutput, pool: Pool, mostBytes: number | null): MadeSink {
  if (typeof output !== 'string') return createMemorySink(pool, mostBytes);
  return { ...createFileSink(output), take: () => ({ leases: null, file: null }) };
}

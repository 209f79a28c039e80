/** What users name as an output, as a sink. */
import type { Lease } from '../../pool/lease.ts';
import type { Pool } from '../../pool/pool.ts';
import { createFileSink } from './file-sink.ts';
import { createLeaseSink } from './lease-sink.ts';
import type { Sink } from './sink.ts';

/** The path of a file, or leases of the pool of the thread that writes. */
export type AudioOutput = string | { readonly leases: true };

interface MadeSink extends Sink {
  /** Once it is committed: the leases, which belong to the caller from then on; `null` for a file. */
  take(): Lease[] | null;
}

/** @throws MillpondError `ERR_OUTPUT_WRITE`; for leases, its writes throw what the pool throws */
export function createSink(output: AudioOutput, pool: Pool): MadeSink {
  if (typeof output !== 'string') return createLeaseSink(pool);
  return { ...createFileSink(output), take: () => null };
}

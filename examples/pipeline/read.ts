/** The first job: a second of a file of 32-bit floats into a lease. */
import { closeSync, openSync, readSync } from 'node:fs';
import { defineJob, type Lease } from 'millpond/worker';

export interface Place {
  readonly file: string;
  readonly atByte: number;
  readonly bytes: number;
}

export default defineJob(({ file, atByte, bytes }: Place, { pool }): Lease => {
  const descriptor = openSync(file, 'r');
  try {
    const lease = pool.acquire(bytes);
    lease.resize(readSync(descriptor, lease.bytes, 0, bytes, atByte));
    return lease;
  } finally {
    closeSync(descriptor);
  }
});

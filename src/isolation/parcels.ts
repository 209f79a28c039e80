/**
 * Leases and spooled files on their way between two processes: as files with hidden names in the spool's
 * folder, which whoever made them owns until the other side has them. Holds nothing.
 */
import { closeSync, openSync } from 'node:fs';
import { systemPath } from '../files/byte-paths.ts';
import { createSpool, dropSpooled, openSpooled, readAll, type SpooledFile } from '../files/spool.ts';
import { type Packed, unpack } from '../messages/cargo.ts';
import type { Lease } from '../pool/lease.ts';
import type { Pool } from '../pool/pool.ts';
import type { Shard } from '../pool/shard.ts';
import type { Cargo, Parcel } from './messages.ts';

/**
 * Takes leases and files out of a value: they end here. Where it throws, all of them have ended, too, and
 * nothing is left of them.
 * @throws MillpondError `ERR_OUTPUT_WRITE` where the spool's folder takes no more
 */
export function send({ value, leases, files, places }: Packed, shard: Shard): Cargo {
  if (leases.length + files.length === 0) return { value };
  const parcels: Parcel[] = [];
  try {
    for (const lease of leases) parcels.push({ as: 'lease', ...written(lease, shard.spoolFolder) });
    for (const file of files) parcels.push({ as: 'file', ...file.depart() });
  } catch (error) {
    drop(parcels);
    throw error;
  } finally {
    for (const lease of leases) {
      const store = shard.leases.detach(lease);
      shard.leases.attach(store, store.asked, true);
    }
    for (const file of files) file[Symbol.dispose]();
  }
  return { value, parcels, places };
}

function written(lease: Lease, folder: string): Omit<Parcel, 'as'> {
  const spool = createSpool(folder);
  try {
    spool.write(lease.bytes, 0);
    return spool.finish().depart();
  } finally {
    spool.discard();
  }
}

/** What nobody needs any more. */
export function drop(parcels: readonly Parcel[] = []): void {
  for (const parcel of parcels) dropSpooled(parcel);
}

/**
 * Reads what was sent into leases of this side. The files stay, for another try, unless they are `taken`.
 * @throws MillpondError `ERR_BUDGET_EXHAUSTED`, `ERR_REQUEST_TOO_LARGE`, `ERR_OUTPUT_WRITE`; then nothing of
 * it is held here
 */
export async function receive(
  { value, parcels = [], places = [] }: Cargo,
  pool: Pick<Pool, 'acquireAllAsync'>,
  { taken, signal }: { readonly taken: boolean; readonly signal?: AbortSignal },
): Promise<unknown> {
  if (parcels.length === 0) return value;
  const loads = parcels.filter(({ as }) => as === 'lease');
  const leases = await pool.acquireAllAsync(
    loads.map(({ bytes }) => bytes),
    // What is taken over may be kept for long, and is to hold no more than it needs.
    { exact: taken, ...(signal !== undefined && { signal }) },
  );
  const files: SpooledFile[] = [];
  try {
    loads.forEach((parcel, at) => void read(parcel, leases[at]));
    for (const parcel of parcels) if (parcel.as === 'file') files.push(openSpooled(parcel));
  } catch (error) {
    for (const part of [...leases, ...files]) part[Symbol.dispose]();
    throw error;
  } finally {
    if (taken) drop(loads);
  }
  return unpack(value, places, [...leases, ...files]);
}

function read({ path, bytes }: Parcel, lease: Lease): void {
  const file = openSync(systemPath(path), 'r');
  try {
    readAll(file, lease.bytes.subarray(0, bytes), 0);
  } finally {
    closeSync(file);
  }
}

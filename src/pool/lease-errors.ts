/** What is wrong with the use of a lease, in words. */
import { MillpondError } from '../errors.ts';
import type { Store } from './store.ts';

export function pinnedError(store: Store, what: string): MillpondError {
  return new MillpondError(
    'ERR_LEASE_PINNED',
    `Memory that native code holds is not ${what}; this lease of ${store.length} bytes is pinned. Release its pins when the native call has ended; await writeTo(), or the end of its stream.`,
  );
}

export function foreignError(store: Store): MillpondError {
  return new MillpondError(
    'ERR_LEASE_FOREIGN',
    `A lease is used with the runtime and the thread that lent it; this one of ${store.length} bytes belongs to another. Acquire it from the pool you pass it to.`,
  );
}

export function detachedError(store: Store): MillpondError {
  return new MillpondError(
    'ERR_LEASE_DETACHED',
    `The buffer of a lease stays with it; this one of ${store.length} bytes was transferred away, and stays charged until the runtime closes. Pass the lease itself to run(), or copy the data.`,
  );
}

export function untransferableError(store: Store): MillpondError {
  return new MillpondError(
    'ERR_LEASE_UNTRANSFERABLE',
    `The buffer of a lease can be transferred; this one of ${store.length} bytes was marked untransferable and cannot be moved. Mark memory of your own only, or copy the data.`,
  );
}

import { SpooledFile } from '../files/spool.ts';
import { Lease } from '../pool/lease.ts';
import { isContainer, isObject } from './search.ts';

/**
 * Releases the leases of a value that live, and disposes of its spooled files, wherever they could have
 * moved: in plain objects and arrays. For a value that nobody gets. What cannot be released, since native
 * code holds it, stays.
 */
export function releaseLeases(value: unknown): void {
  const seen = new Set<unknown>();
  const parts = [value];
  while (parts.length > 0) {
    const part = parts.pop();
    if (!isObject(part) || seen.has(part)) continue;
    seen.add(part);
    try {
      if (part instanceof Lease || part instanceof SpooledFile) part[Symbol.dispose]();
      else if (isContainer(part)) for (const inner of Object.values(part)) parts.push(inner);
    } catch {
      // Pinned; or a getter threw, and then `run` found nothing behind it either.
    }
  }
}

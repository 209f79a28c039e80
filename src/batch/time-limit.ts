/** How long a job may take for a file where nobody says it. Pure. */
import { type Bytes, MiB } from '../bytes.ts';

/**
 * Slow machines need less for what is slowest, 24 hours of digital silence in FLAC to AAC: a limit that no
 * honest file meets, and that ends what hangs.
 */
const DEFAULT_TIMEOUT_MS = 3_600_000;
const MS_PER_MIB = 60_000;

export function usualTimeoutMs(bytes: Bytes): number {
  return DEFAULT_TIMEOUT_MS + (bytes / MiB) * MS_PER_MIB;
}

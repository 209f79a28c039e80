/** SHA-256 of what a file holds, read piece by piece on the thread that asks. */
import { open } from 'node:fs/promises';
import { systemPath } from '../../files/byte-paths.ts';

const PIECE_BYTES = 1_048_576;

/** In hex. Throws what the system says, and the signal's reason: a large file takes a while. */
export async function digestOf(path: string, signal?: AbortSignal): Promise<string> {
  // Most batches compare no contents, and it takes 5 ms to load.
  const { createHash } = await import('node:crypto');
  const hash = createHash('sha256');
  await using file = await open(systemPath(path));
  const piece = Buffer.allocUnsafe(PIECE_BYTES);
  for (;;) {
    signal?.throwIfAborted();
    const { bytesRead } = await file.read(piece, 0, piece.length, null);
    if (bytesRead === 0) return hash.digest('hex');
    hash.update(piece.subarray(0, bytesRead));
  }
}

/** Copies of files, which appear whole or not at all. Holds nothing. */
import { type BigIntStats, constants } from 'node:fs';
import { chmod, copyFile, type FileHandle, open, utimes } from 'node:fs/promises';
import { MillpondError } from '../errors.ts';
import { escaped, shown } from '../text/escaping.ts';
import { systemPath } from './byte-paths.ts';
import { timesFrom } from './times.ts';
import { createOutput, OPEN_FILES } from './whole-file.ts';

/** Neither what makes a program run as another user, nor what a folder's group is. */
const MODE_KEPT = 0o777;

interface CopyOptions {
  /** As for an output: whether what is there is replaced. */
  readonly overwrite: boolean;
  readonly signal: AbortSignal;
}

/**
 * With the file's mode and times. Only a regular file is read: opening a pipe never waits for its writer, and
 * what takes its name meanwhile is not read in its place. @returns its size
 * @throws MillpondError `ERR_AUDIO_OPEN`, `ERR_AUDIO_CHANGED`, `ERR_OUTPUT_WRITE`, `ERR_OUTPUT_EXISTS`; the
 * reason of the signal
 */
export async function copyWhole(from: string, to: string, options: CopyOptions): Promise<number> {
  await using source = await openRegular(from);
  const before = await source.stat({ bigint: true });
  if (!before.isFile()) throw notReadable(from, 'it is no regular file');
  options.signal.throwIfAborted();
  const output = createOutput(to, options.overwrite);
  try {
    const input = OPEN_FILES === null ? systemPath(from) : `${OPEN_FILES}/${source.fd}`;
    try {
      // The system copies, or shares what it can, without a byte through this process.
      await copyFile(input, output.handle, constants.COPYFILE_FICLONE);
      await chmod(output.handle, Number(before.mode) & MODE_KEPT);
      const { accessed, changed } = timesFrom(before);
      await utimes(output.handle, accessed, changed);
    } catch (cause) {
      throw new MillpondError(
        'ERR_OUTPUT_WRITE',
        `A copy is a file in a writable folder with room for it, got '${shown(to)}': ${escaped((cause as Error).message)}. Check the folder and its free space.`,
        { cause },
      );
    }
    options.signal.throwIfAborted();
    const after = await source.stat({ bigint: true });
    if (BigInt(output.size()) !== before.size || isChanged(before, after)) {
      throw new MillpondError(
        'ERR_AUDIO_CHANGED',
        `A file stays as it is while it is copied, but '${shown(from)}' was written to. Copy it once whoever writes it has finished.`,
      );
    }
    return output.commit();
  } finally {
    output.discard();
  }
}

async function openRegular(path: string): Promise<FileHandle> {
  try {
    return await open(systemPath(path), constants.O_RDONLY | (constants.O_NONBLOCK ?? 0));
  } catch (cause) {
    throw notReadable(path, (cause as Error).message, cause);
  }
}

function isChanged(before: BigIntStats, after: BigIntStats): boolean {
  return before.size !== after.size || before.mtimeNs !== after.mtimeNs;
}

function notReadable(path: string, reason: string, cause?: unknown): MillpondError {
  return new MillpondError(
    'ERR_AUDIO_OPEN',
    `A file that is copied is a regular one that can be read, got '${shown(path)}': ${escaped(reason)}. Check its permissions.`,
    { cause },
  );
}

/**
 * Files whose sources were deleted when they were done, which no walk finds any more: that they are done is
 * known by the journal alone. Holds the names of what is walked, until all is listed.
 */
import { dirname } from 'node:path';
import { isMillpondError } from '../errors.ts';
import { absolutePath } from '../files/byte-paths.ts';
import type { KnownFiles } from './journal/known-files.ts';
import type { Decision } from './plan.ts';

type Names = AsyncIterable<readonly string[]>;

/**
 * What is decided, and behind it those that are done and gone, as left out.
 * @param list is given the names
 * @throws what listing throws, but for `ERR_NO_INPUT` where there are such files
 */
export async function* withGoneSources(
  names: Names,
  known: KnownFiles,
  list: (names: Names) => AsyncIterable<readonly Decision[]>,
): AsyncGenerator<readonly Decision[]> {
  const named = new Set<string>();
  let nothing: { readonly error: unknown } | null = null;
  try {
    yield* list(noted(names, named));
  } catch (error) {
    if (!isMillpondError(error) || error.code !== 'ERR_NO_INPUT') throw error;
    nothing = { error };
  }
  const gone = await known.goneSources((path) => isBelow(path, named));
  if (gone.length === 0 && nothing !== null) throw nothing.error;
  if (gone.length > 0) yield gone.map((file) => ({ to: 'skip', file }));
}

async function* noted(names: Names, into: Set<string>): AsyncGenerator<readonly string[]> {
  for await (const some of names) {
    for (const name of some) into.add(absolutePath(name));
    yield some;
  }
}

/** One that is named itself is listed whether it is there or not. */
function isBelow(path: string, named: ReadonlySet<string>): boolean {
  if (named.has(path)) return false;
  for (let folder = dirname(path); ; folder = dirname(folder)) {
    if (named.has(folder)) return true;
    if (folder === dirname(folder)) return false;
  }
}

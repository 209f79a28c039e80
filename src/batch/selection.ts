/**
 * Which files of a folder are asked for, by patterns as Node's `path.matchesGlob` has them: `*` and `?`
 * within a name, `**` over folders, `[...]`, `{a,b}`. Pure.
 */
import { matchesGlob } from 'node:path';

/** Paths are relative to the folder that is walked. */
export interface Selection {
  /** Whether an excluding pattern fits; of a folder all is excluded then. */
  excludes(path: string, isFolder: boolean): boolean;
  /** Whether an including pattern fits the file or a folder that it is in; true where there are none. */
  includes(path: string): boolean;
}

export const EVERYTHING: Selection = { excludes: () => false, includes: () => true };

/**
 * Excluding wins, whatever the order. A pattern without a slash fits the name of a file or of a folder, at
 * any depth; one with a slash the path; one that ends with a slash folders only. A folder that fits stands
 * for all that is in it.
 */
export function selection(include: readonly string[], exclude: readonly string[]): Selection {
  const included = include.map(pattern);
  const excluded = exclude.map(pattern);
  return {
    excludes: (path, isFolder) => excluded.some((fits) => fits(slashed(path), isFolder)),
    includes(path) {
      if (included.length === 0) return true;
      const parts = slashed(path).split('/');
      const paths = parts.map((_, at) => parts.slice(0, at + 1).join('/'));
      return included.some((fits) => paths.some((one, at) => fits(one, at < paths.length - 1)));
    },
  };
}

function pattern(text: string): (path: string, isFolder: boolean) => boolean {
  const foldersOnly = text.endsWith('/');
  const bare = text.replace(/\/+$/, '');
  const glob = bare.includes('/') ? bare.replace(/^(\.?\/)+/, '') : `**/${bare}`;
  return (path, isFolder) => (isFolder || !foldersOnly) && matchesGlob(path, glob);
}

function slashed(path: string): string {
  return process.platform === 'win32' ? path.replaceAll('\\', '/') : path;
}

import { matchesGlob } from 'node:path/posix';
import type { Module } from './module.ts';

interface Uses {
  /**
   * What is outside the code uses all that these export: entries of the package, jobs, configurations of
   * tools.
   */
  readonly roots: ReadonlySet<string>;
  /** Whether a use in one file justifies an export of the other. */
  readonly counts: (user: string, maker: string) => boolean;
}

/**
 * Exports that nothing uses, types too, as `file#name`. What only its own file uses is one; so is a re-export
 * that nobody imports. A file that is named by its address alone, a job or a program, has its default export
 * used by that.
 *
 * It sees exports, not members: a method that nothing calls, or a field that nothing reads, stays unseen.
 */
export function unusedExports(modules: readonly Module[], { roots, counts }: Uses): string[] {
  const used = new Set<string>();
  for (const { file: user, imports, addresses } of modules) {
    for (const { target, names } of imports) {
      if (target !== user && counts(user, target)) for (const name of names) used.add(`${target}#${name}`);
    }
    for (const address of addresses) {
      for (const { file } of modules) {
        if (counts(user, file) && matchesGlob(file, address)) used.add(`${file}#default`);
      }
    }
  }
  return modules
    .filter(({ file }) => !roots.has(file))
    .flatMap(({ file, exports }) => exports.map((name) => ({ file, name })))
    .filter(({ file, name }) => !used.has(`${file}#${name}`) && !used.has(`${file}#*`))
    .map(({ file, name }) => `${file}#${name}`);
}

/** `export * from` does not say what it passes on, so no rule could hold it. */
export function openExports(modules: readonly Module[]): string[] {
  return modules.filter(({ exports }) => exports.includes('*')).map(({ file }) => file);
}

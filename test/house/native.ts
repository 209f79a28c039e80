import { matchesGlob } from 'node:path/posix';
import type { Module } from './module.ts';

/**
 * The shortest way by which each of the files that match `from` loads the package, as `a -> b -> package`.
 * Types are erased, and a file named by `new URL` runs in another thread or process: neither loads anything
 * here.
 */
export function waysTo(name: string, modules: readonly Module[], from: readonly string[]): string[] {
  const byFile = new Map(modules.map((module) => [module.file, module]));
  const found: string[] = [];
  for (const { file } of modules) {
    if (!from.some((glob) => matchesGlob(file, glob))) continue;
    const ways = new Map<string, string>([[file, file]]);
    // A map goes on over what is added while it is read: breadth first, so that the first way is the
    // shortest.
    for (const [reached, way] of ways) {
      if (reached === name || reached.startsWith(`${name}/`)) {
        found.push(way);
        break;
      }
      for (const { target, loads } of byFile.get(reached)?.imports ?? []) {
        if (loads !== 'never' && !ways.has(target)) ways.set(target, `${way} -> ${target}`);
      }
    }
  }
  return found;
}

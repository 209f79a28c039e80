import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** What git ignores, by its name or by its path. */
const IGNORED = new Set([
  'node_modules',
  'dist',
  'coverage',
  'out',
  'bench/results',
  'bench/.peers',
  'bench/.built',
]);

/** All files of a checkout by their paths, but for what is made or installed into it. */
export function readPaths(root: string, folder = ''): string[] {
  return readdirSync(join(root, folder), { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    if (entry.name === '.git' || IGNORED.has(entry.name) || IGNORED.has(path)) return [];
    return entry.isDirectory() ? readPaths(root, path) : [path];
  });
}

export function readTexts(root: string, paths: readonly string[]): Map<string, string> {
  return new Map(paths.map((path) => [path, readFileSync(join(root, path), 'utf8')]));
}

interface Manifest {
  readonly name: string;
  readonly exports: Readonly<Record<string, string | { readonly [condition: string]: string }>>;
  readonly bin: Readonly<Record<string, string>>;
}

/** The entries of the package by the names that its users write. */
export function entriesOf({ name, exports }: Manifest): Map<string, string> {
  return new Map(
    Object.entries(exports).flatMap(([path, target]) =>
      typeof target === 'string'
        ? []
        : [[`${name}${path.slice(1)}`, target['millpond-source'].slice(2)] as const],
    ),
  );
}

/** The sources of its commands. */
export function commandsOf({ bin }: Manifest): string[] {
  return Object.values(bin).map((path) => path.replace(/^\.\/dist\/(.*)\.js$/, '$1.ts'));
}

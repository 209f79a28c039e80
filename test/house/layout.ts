import type { Module } from './module.ts';

const LAYOUT = 'src/budget/layout.ts';
/** The ledger itself, its tests, and the search through all its states, which looks at each word. */
const KNOWING = ['src/budget/', 'test/budget/', 'test/exhaustive/'];
/** A row's number, which says nothing of the words. */
const FREE = new Set(['MAIN_ROW']);

/**
 * Where the layout of the ledger is known outside of it, as `file: name`: single words are read and written
 * by their names, `ledger.row(n)` and `ledger.header`. A whole layout, or one that is passed on, is `*`.
 */
export function layoutOutside(modules: readonly Module[]): string[] {
  return modules
    .filter(({ file }) => !KNOWING.some((folder) => file.startsWith(folder)))
    .flatMap(({ file, imports }) =>
      imports
        .filter(({ target }) => target === LAYOUT)
        .flatMap(({ names }) => names.filter((name) => !FREE.has(name)).map((name) => `${file}: ${name}`)),
    );
}

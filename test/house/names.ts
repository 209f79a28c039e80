/** Names that say nothing of what is inside: whatever has no place yet would land there. */
const EMPTY = new Set(['util', 'utils', 'helper', 'helpers', 'common', 'misc', 'type', 'types']);

/** Paths with a folder or file of such a name, whatever it ends with. */
export function emptyNames(paths: readonly string[]): string[] {
  return paths.filter((path) =>
    path.split('/').some((name) => EMPTY.has(name.replace(/^\./, '').split('.')[0].toLowerCase())),
  );
}

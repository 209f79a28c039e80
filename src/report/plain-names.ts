/** Names of anybody's made fit for file names and tags. Pure. */

const MOST_NAME = 60;

/**
 * Of letters, digits, hyphens and low lines, and no two alike in a file system that knows no capitals; where
 * nothing is left of one, it is called by `otherwise`.
 */
export function plainNames(names: readonly string[], otherwise: (at: number) => string): string[] {
  const taken = new Set<string>();
  return names.map((given, at) => {
    const plain = given
      .replace(/[^A-Za-z0-9_]+/g, '-')
      .replace(/^-+|-+$/g, '')
      .slice(0, MOST_NAME);
    return unlike(taken, plain === '' ? otherwise(at) : plain);
  });
}

/** The name, or with a number that makes it differ from all that were taken; takes it. */
export function unlike(taken: Set<string>, name: string): string {
  let one = name;
  for (let number = 2; taken.has(one.toLowerCase()); number++) one = `${name}-${number}`;
  taken.add(one.toLowerCase());
  return one;
}

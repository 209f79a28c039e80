/** Which wrong variants a run of the tests plays: all together take minutes. */

const SHARE = 1 / 3;

/** A third of them, another one in each run; all where `MILLPOND_MUTANTS` is `all`. */
export function drawn<T extends { readonly name: string }>(
  mutants: readonly T[],
): (readonly [string, number])[] {
  const from = Math.random();
  return mutants.flatMap(({ name }, at) => {
    const isDrawn = (from + at * SHARE) % 1 < SHARE;
    return isDrawn || process.env.MILLPOND_MUTANTS === 'all' ? [[name, at] as const] : [];
  });
}

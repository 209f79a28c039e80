/** For typos: the name that was probably meant. Pure. */

/**
 * Of those that are at most a third of the letters away, and two at most, the nearest; undefined where none
 * is.
 */
export function nearestName(written: string, names: Iterable<string>): string | undefined {
  let best: string | undefined;
  let least = Math.min(2, Math.max(1, Math.floor(written.length / 3))) + 1;
  for (const name of names) {
    const distance = distanceBetween(written, name);
    if (distance >= least) continue;
    least = distance;
    best = name;
  }
  return best;
}

/** A sentence, with a space in front of it; nothing where no name is near. */
export function didYouMean(text: string, names: readonly string[]): string {
  const near = nearestName(
    text.toLowerCase(),
    names.map((name) => name.toLowerCase()),
  );
  const name = names.find((one) => one.toLowerCase() === near);
  return name === undefined ? '' : ` Did you mean ${name}?`;
}

/** Letters to put in, leave out, change, or swap with their neighbour. */
function distanceBetween(a: string, b: string): number {
  // More letters more or less are no typo; and what is written may be as long as a command line.
  if (Math.abs(a.length - b.length) > 2) return Number.POSITIVE_INFINITY;
  let before: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, at) => at);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const change = last[j - 1] + (a[i - 1] === b[j - 1] ? 0 : 1);
      const swapped = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1];
      const swap = swapped ? before[j - 2] + 1 : Number.POSITIVE_INFINITY;
      row.push(Math.min(last[j] + 1, row[j - 1] + 1, change, swap));
    }
    before = last;
    last = row;
  }
  return last[b.length];
}

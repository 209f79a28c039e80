/** Questions to the file system about many files. */

/** The answers in the order of the items. Many are asked for at once, but not a hundred thousand. */
export async function inChunks<T, R>(items: readonly T[], ask: (item: T) => Promise<R>): Promise<R[]> {
  const answers: R[] = [];
  for (let at = 0; at < items.length; at += 256) {
    answers.push(...(await Promise.all(items.slice(at, at + 256).map(ask))));
  }
  return answers;
}

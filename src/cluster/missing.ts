/**
 * Makes the queue from the store: which pages have no results. The queue may have lost any of them, or all;
 * what it has already stays as it is.
 */
import type { Broker } from './broker.ts';
import { halves, type PageRef, pageKey } from './page.ts';
import type { Store } from './store.ts';

/** How a batch stands by its store. */
interface Standing {
  /** Pages, of those that were split only the parts. */
  readonly pages: number;
  readonly missing: number;
  /** The list of its first round is whole. */
  readonly isListed: boolean;
}

/** Puts what is missing into the queue. */
export async function enqueueMissing(store: Store, broker: Broker, id: string): Promise<Standing> {
  const ended = new Set<string>();
  const split = new Set<string>();
  for await (const some of store.results()) {
    for (const { ref, isSplit } of some) (isSplit ? split : ended).add(pageKey(ref));
  }
  let pages = 0;
  let missing = 0;
  let round = 0;
  for (; (await store.totals(round)) !== null; round++) {
    let page = 0;
    for await (const entries of store.pages(round)) {
      const refs: PageRef[] = [];
      for (const { files } of entries) {
        const parts = partsOf({ round, page: page++ }, files, split);
        pages += parts.length;
        refs.push(...parts.filter((ref) => !ended.has(pageKey(ref))));
      }
      missing += refs.length;
      if (refs.length > 0) await broker.put(id, refs);
    }
  }
  return { pages, missing, isListed: round > 0 };
}

/** The page itself, or what it was split into. */
function partsOf(ref: PageRef, files: number, split: ReadonlySet<string>): readonly PageRef[] {
  if (!split.has(pageKey(ref))) return [ref];
  return halves(ref, files).flatMap((half) => partsOf(half, files, split));
}

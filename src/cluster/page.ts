/** A page of a batch: a bounded list of files that is one message. A reference to it travels. Pure. */

/** Which files of the manifest, by a page's number and the places of files within it. */
export interface PageRef {
  /** 0 is the manifest; each `retry` makes one more list, of what has failed. */
  readonly round: number;
  /** From 0, in the order of the list. */
  readonly page: number;
  /** The list of the round is still to be made: who takes this makes it. Its page is 0. */
  readonly lists?: true;
  /** Only these files of it, `to` excluded: a page that hosts died of is split. Default: all. */
  readonly part?: { readonly from: number; readonly to: number };
}

/** One way to write each, which names its message in the queue and its results in the store. */
export function pageKey({ round, page, part, lists }: PageRef): string {
  if (lists) return `list-${round}`;
  const whole = `r${round}-${`${page}`.padStart(7, '0')}`;
  return part === undefined ? whole : `${whole}-${part.from}-${part.to}`;
}

const KEY = /^r(\d+)-(\d+)(?:-(\d+)-(\d+))?$/;

/** Null for what no page is called. */
export function pageOfKey(key: string): PageRef | null {
  const [, round, page, from, to] = KEY.exec(key) ?? [];
  if (round === undefined) return null;
  const whole = { round: Number(round), page: Number(page) };
  return from === undefined ? whole : { ...whole, part: { from: Number(from), to: Number(to) } };
}

/** What a message of this name asks for; null where no page is called so. */
export function pageOfMessage(key: string): PageRef | null {
  const [, round] = /^list-(\d+)$/.exec(key) ?? [];
  return round === undefined ? pageOfKey(key) : { round: Number(round), page: 0, lists: true };
}

/** Two pages in place of one with so many files; none where it has only one. */
export function halves(ref: PageRef, files: number): readonly PageRef[] {
  const { from, to } = ref.part ?? { from: 0, to: files };
  if (to - from < 2) return [];
  const middle = from + Math.ceil((to - from) / 2);
  return [
    { ...ref, part: { from, to: middle } },
    { ...ref, part: { from: middle, to } },
  ];
}

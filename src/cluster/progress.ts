/**
 * How far a batch is, by its store: what pages have results, and what these say of all their files. Owns what
 * it has read before: each page's results are read once. One process.
 */
import { type PageRef, pageKey } from './page.ts';
import type { BatchState, PageSummary, Store } from './store.ts';

export interface BatchProgress {
  readonly state: BatchState;
  /** The list is whole, so that the totals are exact. */
  readonly isListed: boolean;
  readonly files: {
    readonly total: number;
    readonly ok: number;
    readonly failed: number;
    readonly skipped: number;
    /** Made by more than one host; they show once. */
    readonly twice: number;
  };
  readonly pages: { readonly total: number; readonly ended: number; readonly split: number };
  /** Of audio in files that are done. */
  readonly audioSeconds: number;
  /** As sizes suggest: of files that have ended, and of all. */
  readonly estimatedSeconds: number;
  readonly totalSeconds: number;
  /** Hosts that ended without a word, by the pages that they held. */
  readonly deaths: number;
  /** By name: files that each has ended, in pages that are whole. */
  readonly hosts: Readonly<Record<string, number>>;
  /** From the first page that was taken to the last that ended; null before there is one. */
  readonly startedMs: number | null;
  readonly endedMs: number | null;
}

const TOGETHER = 64;

export class ProgressReader {
  readonly #store: Store;
  readonly #summaries = new Map<string, PageSummary>();

  constructor(store: Store) {
    this.#store = store;
  }

  async read(): Promise<BatchProgress> {
    const split = new Set<string>();
    const fresh: PageRef[] = [];
    for await (const some of this.#store.results()) {
      for (const { ref, isSplit } of some) {
        if (isSplit) {
          split.add(pageKey(ref));
          this.#summaries.delete(pageKey(ref));
        }
        if (!isSplit && !this.#summaries.has(pageKey(ref))) fresh.push(ref);
      }
    }
    for (let at = 0; at < fresh.length; at += TOGETHER) {
      await Promise.all(
        fresh.slice(at, at + TOGETHER).map(async (ref) => {
          const summary = await this.#store.summary(ref);
          if (summary !== null) this.#summaries.set(pageKey(ref), summary);
        }),
      );
    }
    return this.#sum(split);
  }

  async #sum(split: ReadonlySet<string>): Promise<BatchProgress> {
    const state = await this.#store.state();
    const files = { total: 0, ok: 0, failed: 0, skipped: 0, twice: 0 };
    // Of one that is split two stand in its place.
    const pages = { total: split.size, ended: this.#summaries.size, split: split.size };
    const all = { audioSeconds: 0, estimatedSeconds: 0, totalSeconds: 0, deaths: 0 };
    const hosts: Record<string, number> = {};
    let [startedMs, endedMs] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
    let round = 0;
    for (; ; round++) {
      const totals = await this.#store.totals(round);
      if (totals === null) break;
      // What is done once more counts once: it has failed before.
      if (round === 0) {
        files.total += totals.files + totals.refused;
        files.failed += totals.refused;
        all.totalSeconds += totals.audioSeconds;
      } else files.failed -= totals.files;
      files.skipped += totals.skipped;
      pages.total += totals.pages;
    }
    for (const one of this.#summaries.values()) {
      files.ok += one.ok;
      files.failed += one.failed;
      files.twice += one.twice;
      all.audioSeconds += one.audioSeconds;
      all.estimatedSeconds += one.estimatedSeconds;
      all.deaths += one.deaths;
      hosts[one.host] = (hosts[one.host] ?? 0) + one.ok + one.failed;
      startedMs = Math.min(startedMs, one.startedMs);
      endedMs = Math.max(endedMs, one.endedMs);
    }
    const known = this.#summaries.size > 0;
    return {
      ...{ state, isListed: round > 0, files, pages, ...all, hosts },
      startedMs: known ? startedMs : null,
      endedMs: known ? endedMs : null,
    };
  }
}

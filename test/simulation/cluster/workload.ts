/** What a simulated batch is made of. The same of a real one that it is compared with. */
import { type ManifestFile, type PageSize, Planner, predictedSeconds } from '../../../src/cluster/planner.ts';
import type { PageEntry } from '../../../src/cluster/store.ts';
import { chance, normal } from './chance.ts';

export interface Workload {
  readonly seed: number;
  readonly files: number;
  /** Of audio: the median of files, and how far they spread (of the logarithm). */
  readonly medianSeconds: number;
  readonly spread: number;
  /** How far the time of a file is from what is predicted by its size (of the logarithm). */
  readonly error: number;
  /** One file of so many takes so many times as long as predicted. */
  readonly stragglers: { readonly oneOf: number; readonly times: number };
  readonly page: PageSize;
}

const MOST_SPREAD = 3;

export function fileAt({ seed, medianSeconds, spread }: Workload, at: number): ManifestFile {
  const way = Math.max(-MOST_SPREAD, Math.min(MOST_SPREAD, normal(seed, at, 3)));
  const estimatedSeconds = medianSeconds * Math.exp(spread * way);
  const name = `${at}`;
  return { input: name, output: name, bytes: 1, estimatedSeconds, replaces: false, isOther: false };
}

/** Seconds of a thread that the file will really take. */
export function workSeconds(workload: Workload, at: number, file = fileAt(workload, at)): number {
  const { seed, error, stragglers } = workload;
  const isStraggler = chance(seed, at, 5) * stragglers.oneOf < 1;
  const times = isStraggler ? stragglers.times : Math.exp(error * normal(seed, at, 4));
  return predictedSeconds(file) * times;
}

/** As production cuts them; `offset` is the number of the first file. */
export function pagesOf(workload: Workload): PageEntry[] {
  const planner = new Planner(workload.page);
  const pages: PageEntry[] = [];
  let offset = 0;
  const add = (page: readonly ManifestFile[] | null): void => {
    if (page === null) return;
    const seconds = page.reduce((sum, file) => sum + predictedSeconds(file), 0);
    pages.push({ offset, bytes: 0, files: page.length, workSeconds: seconds });
    offset += page.length;
  };
  for (let at = 0; at < workload.files; at++) add(planner.add(fileAt(workload, at)));
  add(planner.end());
  return pages;
}

/** What a batch left out, by reason: counted, and in words. Pure. */
import type { SkipReason } from './plan.ts';

export type Skips = Readonly<Record<SkipReason, number>>;

export const SKIP_TEXTS: Readonly<Record<SkipReason, string>> = {
  notAudio: 'not audio',
  excluded: 'excluded',
  exists: 'output exists',
  notNewer: 'not newer',
  notRegular: 'no regular file',
  done: 'done before',
};

export function countSkips(reasons: readonly SkipReason[]): Skips {
  const counts = { notAudio: 0, excluded: 0, exists: 0, notNewer: 0, notRegular: 0, done: 0 };
  for (const reason of reasons) counts[reason]++;
  return counts;
}

export function totalOf(skips: Skips): number {
  return Object.values(skips).reduce((sum, count) => sum + count, 0);
}

/** `3 skipped (2 output exists, 1 not audio)`; nothing where there are none. */
export function formatSkips(skips: Skips): string {
  const there = (Object.entries(skips) as [SkipReason, number][]).filter(([, count]) => count > 0);
  if (there.length === 0) return '';
  const texts = there.map(([reason, count]) =>
    there.length === 1 ? SKIP_TEXTS[reason] : `${count} ${SKIP_TEXTS[reason]}`,
  );
  return `${totalOf(skips)} skipped (${texts.join(', ')})`;
}

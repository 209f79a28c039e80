import type { Runtime } from '../../src/index.ts';

/** Leases of all threads that have not ended. */
export function lent(runtime: Runtime): number {
  const { byTier } = runtime.snapshot().pool;
  return Object.values(byTier).reduce((sum, { acquires, releases }) => sum + acquires - releases, 0);
}

/** A source that counts what was pulled and how often it was ended. */
export function counted<Input>(length: number, inputOf: (index: number) => Input) {
  const counts = { pulled: 0, ended: 0 };
  function* source(): Generator<Input> {
    try {
      while (counts.pulled < length) yield inputOf(counts.pulled++);
    } finally {
      counts.ended++;
    }
  }
  return { counts, source: source() };
}

/** What a `map` makes of the errors of its runs. Pure. */

/** Where a full queue holds no task of its own whose end would tell, it tries again after some time. */
const LEAST_WAIT_MS = 10;
const MOST_WAIT_MS = 1000;

/** No later input would fare better. */
const OF_RUNNER: readonly unknown[] = ['ERR_RUNTIME_CLOSED', 'ERR_WORKER_BOOTSTRAP'];

export function isOfRunner(error: unknown): boolean {
  return OF_RUNNER.includes(fieldOf(error, 'code'));
}

/** Milliseconds until it is worth another try; null where the run failed for another reason. */
export function fullForMs(error: unknown): number | null {
  if (fieldOf(error, 'code') !== 'ERR_QUEUE_FULL') return null;
  const predictedMs = Number(fieldOf(error, 'predictedWaitMs')) || 0;
  return Math.min(MOST_WAIT_MS, Math.max(LEAST_WAIT_MS, predictedMs));
}

function fieldOf(error: unknown, name: string): unknown {
  return typeof error === 'object' && error !== null ? (error as Record<string, unknown>)[name] : undefined;
}

/** What has to hold of a batch that was played. */
import type { Cluster, Evil, Played } from './play.ts';

/** Of a hole, beside lock and look: messages on their way, and the next question. */
const SLACK_MS = 1000;
/** Of the ideal: what files and pages cost beside their work. */
const COST = 0.03;

/** @returns what does not, in words */
export function broken(cluster: Cluster, played: Played): string[] {
  const { hosts, threads, lockMs, stalledMs, workload, evils } = cluster;
  const { begunAgain, begunUnheld, missing, holesMs, idealMs, makespanMs, leavingMs, longestSeconds } =
    played;
  const found: string[] = [];
  if (missing > 0) found.push(`${missing} files have no result`);
  const harmful = evils.filter(({ kind }) => kind !== 'drained');
  const harmed = hostsOf(harmful, hosts);
  // Who is cut off begins nothing from before its locks end: what each thread runs then.
  const cutOff = harmful.filter(({ kind }) => kind === 'cut off' || kind === 'broker away');
  const inFlight = played.inFlight + threads * hostsOf(cutOff, hosts);
  if (begunUnheld > 0) found.push(`${begunUnheld} files were begun whose pages were others' by then`);
  if (begunAgain > inFlight) {
    found.push(`${begunAgain} files were begun again, where hosts had ${inFlight} in flight`);
  }
  if (harmed === 0 && holesMs.length > 0) found.push(`${holesMs.length} pages were left, and nobody died`);
  const hole = Math.max(0, ...holesMs);
  const awayMs = evils.reduce((sum, evil) => sum + (evil.kind === 'broker away' ? evil.forMs : 0), 0);
  const mostHole = lockMs + stalledMs + awayMs + SLACK_MS;
  if (hole > mostHole) found.push(`a page was left for ${hole.toFixed(0)} ms, at most ${mostHole}`);
  if (leavingMs > 1000 * longestSeconds + SLACK_MS) found.push(`a host left in ${leavingMs.toFixed(0)} ms`);
  if (evils.length > 0) return found;
  const lastMs = 1000 * (workload.page.workSeconds / threads + longestSeconds);
  const mostMs = idealMs * (1 + COST) + lastMs + SLACK_MS;
  if (makespanMs > mostMs) found.push(`it took ${makespanMs.toFixed(0)} ms, at most ${mostMs.toFixed(0)}`);
  return found;
}

function hostsOf(evils: readonly Evil[], all: number): number {
  return evils.reduce((sum, evil) => sum + ('hosts' in evil ? evil.hosts.length : all), 0);
}

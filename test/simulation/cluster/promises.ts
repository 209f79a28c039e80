/** What has to hold of a batch that was played. */
import { predictedSeconds } from '../../../src/cluster/planner.ts';
import type { Cluster, Evil, Played } from './play.ts';
import { fileAt, type Workload } from './workload.ts';

/** Of a hole, beside lock and look: messages on their way, and the next question. */
const SLACK_MS = 1000;
/** From one look of a host until it looks again. */
const LOOKED_MS = 3000;
/** Where pages are held for so long the broker may have lost them. */
const DOUBTED_MS = 60_000;
/** Of the ideal: what files and pages cost beside their work. */
const COST = 0.03;

/** @returns what does not, in words */
export function broken(cluster: Cluster, played: Played): string[] {
  const { hosts, threads, lockMs, stalledMs, workload, evils, times } = cluster;
  const { begunAgain, begunUnheld, missing, holesMs, walks, closingMs } = played;
  const { idealMs, makespanMs, leavingMs, longestSeconds } = played;
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
  if (closingMs === null) found.push('nobody has seen that all is done');
  const mostClosing = LOOKED_MS + lockMs + awayMs + Math.max(...times.results) + SLACK_MS;
  if (Number(closingMs) > mostClosing) found.push(`all was done for ${closingMs} ms before one saw it`);
  // Whoever is harmed while it looks is followed by another; and what is held for long is doubted.
  const mostWalks = 1 + harmed + Math.floor(makespanMs / DOUBTED_MS);
  if (walks > mostWalks) found.push(`all results were looked through ${walks} times`);
  if (evils.length > 0) return found;
  const lastMs = 1000 * (largestPage(workload) / threads + longestSeconds);
  const mostMs = idealMs * (1 + COST) + lastMs + SLACK_MS;
  if (makespanMs > mostMs) found.push(`it took ${makespanMs.toFixed(0)} ms, at most ${mostMs.toFixed(0)}`);
  return found;
}

/** As docs/scale.md has it: seconds of predicted work. */
function largestPage(workload: Workload): number {
  const { workSeconds } = workload.page;
  let all = 0;
  for (let at = 0; at < workload.files; at++) all += predictedSeconds(fileAt(workload, at));
  return Math.min(workSeconds, Math.max(workSeconds / 16, all / 32));
}

function hostsOf(evils: readonly Evil[], all: number): number {
  return evils.reduce((sum, evil) => sum + ('hosts' in evil ? evil.hosts.length : all), 0);
}

/** Which view of progress there is: drawn on a terminal, lines elsewhere. */
import type { Snapshot } from '../telemetry/snapshot.ts';
import type { Progress, ProgressView } from './progress.ts';
import { startProgressLines } from './progress-lines.ts';

interface Sources {
  progress(): Progress;
  /** For the live view, which there is not without it. */
  readonly snapshot?: () => Snapshot;
}

/** @param live the live view instead of the bar, where something can be drawn */
export async function startProgressView(
  stream: NodeJS.WriteStream,
  live: boolean,
  { progress, snapshot }: Sources,
): Promise<ProgressView> {
  const canDraw = stream.isTTY && process.env.TERM !== 'dumb';
  if (!canDraw) return startProgressLines(stream, progress);
  if (!live || snapshot === undefined) {
    return (await import('./progress-bar.ts')).startProgressBar(stream, progress);
  }
  const { startWatch } = await import('./watch.ts');
  return startWatch(stream, () => ({ snapshot: snapshot(), progress: progress() }));
}

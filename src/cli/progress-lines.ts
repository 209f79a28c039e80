/**
 * Progress where nothing can be redrawn, as in the log of a build: a line for each tenth of the work, and one
 * where there was none for ten seconds. Owns the timer of the latter, until `stop`. Main thread.
 */
import { formatSeconds } from '../text/durations.ts';
import { type Progress, type ProgressView, percentDone, secondsLeft } from './progress.ts';

const MOST_SILENCE_MS = 10_000;

export function startProgressLines(
  stream: Pick<NodeJS.WritableStream, 'write'>,
  read: () => Progress,
): ProgressView {
  let told = 0;
  const line = (text: string): void => void stream.write(`${text}\n`);

  function tell(progress: Progress): void {
    told = tenthsOf(progress);
    line(progressLine(progress));
    timer.refresh();
  }

  const timer = setTimeout(() => tell(read()), MOST_SILENCE_MS);
  timer.unref();
  return {
    changed() {
      const progress = read();
      if (tenthsOf(progress) > told) tell(progress);
    },
    line,
    stop: () => clearTimeout(timer),
  };
}

function tenthsOf(progress: Progress): number {
  return Math.floor(percentDone(progress) / 10);
}

function progressLine(progress: Progress): string {
  const { files, totalFiles, isListing, failed, elapsedSeconds } = progress;
  const left = secondsLeft(progress);
  const parts = [
    ...(isListing ? [] : [`${percentDone(progress)} %`]),
    `${files} of ${totalFiles} files${isListing ? ' listed so far' : ''}`,
    ...(failed > 0 ? [`${failed} failed`] : []),
    formatSeconds(elapsedSeconds, 'coarse'),
    ...(left === null ? [] : [`${formatSeconds(left, 'coarse')} left`]),
  ];
  return `progress: ${parts.join(', ')}`;
}

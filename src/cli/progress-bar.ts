/** The progress bar on a terminal. The library that draws it is loaded only there. */
import type { Options } from 'cli-progress';
import { formatSeconds } from '../text/durations.ts';
import { type Progress, type ProgressView, percentDone, secondsLeft, shareDone } from './progress.ts';

export async function startProgressBar(
  stream: NodeJS.WritableStream,
  read: () => Progress,
): Promise<ProgressView> {
  const { Format, MultiBar, Presets } = (await import('cli-progress')).default;

  /** The figures are our own: the library's time left begins as NaN. */
  function draw(options: Options): string {
    const progress = read();
    const left = secondsLeft(progress);
    const { files, totalFiles, isListing } = progress;
    return [
      `${Format.BarFormat(shareDone(progress), options)} ${isListing ? 'listing' : `${percentDone(progress)} %`}`,
      `${files}/${totalFiles} files${isListing ? ' so far' : ''}`,
      ...(left === null ? [] : [`${formatSeconds(left, 'coarse')} left`]),
    ].join(' | ');
  }

  const bars = new MultiBar(
    { stream, format: draw, clearOnComplete: true, hideCursor: true, forceRedraw: true, gracefulExit: false },
    process.env.NO_COLOR ? Presets.legacy : Presets.shades_classic,
  );
  bars.create(1, 0);
  // Drawn at once: with the library's timer alone a short batch would have no bar.
  bars.update();
  return {
    // It is redrawn ten times a second.
    changed() {},
    line(text) {
      // What is logged waits for the next redraw, and the last one would never come.
      bars.log(`${text}\n`);
      bars.update();
    },
    stop: () => bars.stop(),
  };
}

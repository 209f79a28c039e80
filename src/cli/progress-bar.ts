/** The progress bar: on stderr, only where that is a terminal. The library is loaded only then. */
import type { Bar } from 'cli-progress';

export interface ProgressBar {
  advance(seconds: number): void;
  fileDone(failed?: boolean): void;
  /** Prints a line without tearing the bar. */
  line(text: string): void;
  stop(): void;
}

export async function startProgressBar(
  stream: NodeJS.WriteStream,
  totalSeconds: number,
  totalFiles: number,
): Promise<ProgressBar> {
  if (!stream.isTTY)
    return { advance() {}, fileDone() {}, stop() {}, line: (text) => void stream.write(`${text}\n`) };
  const { MultiBar, Presets } = (await import('cli-progress')).default;
  const bars = new MultiBar(
    {
      stream,
      format: '{bar} {percentage} % | {files}/{totalFiles} files | {eta_formatted} left',
      clearOnComplete: true,
      hideCursor: true,
      // Files are few and long, or many and short: the library's own estimate needs a window of both.
      etaBuffer: 100,
      forceRedraw: true,
      gracefulExit: false,
    },
    process.env.NO_COLOR ? Presets.legacy : Presets.shades_classic,
  );
  let files = 0;
  // In whole thousandths, so that files of no estimated length still end at 100 %.
  const bar: Bar = bars.create(1000, 0, { files, totalFiles });
  // Drawn at once: with the library's timer alone a short batch would have no bar.
  bars.update();
  let seconds = 0;
  return {
    advance(more) {
      seconds += more;
      bar.update(Math.min(1000, Math.round((1000 * seconds) / Math.max(totalSeconds, 1e-9))), { files });
    },
    fileDone() {
      files++;
      bar.update({ files });
    },
    line(text) {
      // What is logged waits for the next redraw, and the last one would never come.
      bars.log(`${text}\n`);
      bars.update();
    },
    stop() {
      bars.stop();
    },
  };
}

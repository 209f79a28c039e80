/** Shows how many files there are so far, while they are listed. Owns the view from start to stop. */
import { nowMs } from '../timers.ts';
import type { ProgressView } from './progress.ts';
import { startProgressView } from './progress-view.ts';

export class ListingProgress {
  readonly #startedMs = nowMs();
  #files = 0;
  #view: ProgressView | null = null;

  async start(): Promise<void> {
    const nothingDone = { doneSeconds: 0, totalSeconds: 0, files: 0, failed: 0, isListing: true };
    this.#view = await startProgressView(process.stderr, false, {
      progress: () => {
        const elapsedSeconds = (nowMs() - this.#startedMs) / 1000;
        return { ...nothingDone, totalFiles: this.#files, elapsedSeconds };
      },
    });
  }

  listed(files: number): void {
    this.#files = files;
    this.#view?.changed();
  }

  stop(): void {
    this.#view?.stop();
    this.#view = null;
  }
}

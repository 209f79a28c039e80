/** How far a batch is, and what can be told from that. */

export interface Progress {
  /** Of audio, estimated. */
  readonly doneSeconds: number;
  readonly totalSeconds: number;
  /** Files that ended, failed ones among them. */
  readonly files: number;
  readonly failed: number;
  readonly totalFiles: number;
  /** There may be more files than the total says, and longer ones. */
  readonly isListing?: boolean;
  readonly elapsedSeconds: number;
}

/** Shows progress on stderr until its end. */
export interface ProgressView {
  /** There was some. */
  changed(): void;
  /** Prints a line without tearing what is drawn. */
  line(text: string): void;
  stop(): void;
}

/** 0 to 1: of the length of the audio, where that is not known of the files. 0 while they are listed. */
export function shareDone({
  doneSeconds,
  totalSeconds,
  files,
  totalFiles,
  isListing = false,
}: Progress): number {
  if (isListing) return 0;
  if (files >= totalFiles) return 1;
  return totalSeconds > 0 ? Math.min(1, doneSeconds / totalSeconds) : files / totalFiles;
}

/**
 * In whole percent, and 100 only when each file has ended: lengths are estimates. While files are listed
 * there is none: it would fall again and again.
 */
export function percentDone(progress: Progress): number {
  if (progress.isListing) return 0;
  if (progress.files >= progress.totalFiles) return 100;
  // What sums of fractions lose takes no percent away.
  return Math.min(99, Math.floor(shareDone(progress) * 100 + 1e-6));
}

/** Less than that of the work tells nothing of how long the rest takes. */
const LEAST_SHARE = 0.001;

/** If it goes on as until now; null where that is not known yet, or no longer. */
export function secondsLeft(progress: Progress): number | null {
  const share = shareDone(progress);
  return share >= LEAST_SHARE && share < 1 ? (progress.elapsedSeconds * (1 - share)) / share : null;
}

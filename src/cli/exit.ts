/** How the process ends. Stable: scripts depend on it. */
export const EXIT = {
  done: 0,
  /**
   * Some files failed, a check of health did, or the command itself: a full disk, a worker that cannot start.
   */
  failed: 1,
  /** Wrong usage: the arguments are at fault. Of errors with a code ERROR_CODES knows it. */
  usage: 2,
  /** 128 and the number of the signal. */
  interrupted: 130,
  terminated: 143,
  hungUp: 129,
} as const;

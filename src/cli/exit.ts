/** How the process ends. Stable: scripts depend on it. */
export const EXIT = {
  done: 0,
  /** Some files failed, a check of health did, or the program itself did. */
  failed: 1,
  /** Wrong usage; nothing was started. */
  usage: 2,
  /** 128 and the number of the signal. */
  interrupted: 130,
  terminated: 143,
  hungUp: 129,
} as const;

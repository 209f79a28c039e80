/** What is measured with where a request does not say; its types say it to users. */

/** dBFS. */
export const SILENCE_DB = -60;
export const WAVEFORM = { pointsPerSecond: 50, mostPoints: 65_536 } as const;

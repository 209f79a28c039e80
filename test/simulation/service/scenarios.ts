/** Loads that a service is played under. */
import type { ClientRules, Workload } from './workload.ts';

/** Twelve who ask alike, one that counts four times, and one that asks for ten times its part. */
const CLIENTS: readonly ClientRules[] = [
  ...Array.from({ length: 12 }, (_, at) => ({ name: `c${at}`, weight: 1, rate: 1, tracks: 0.15 })),
  { name: 'heavy', weight: 4, rate: 4, tracks: 0.15 },
  { name: 'hog', weight: 1, rate: 10, tracks: 0.15 },
];

export const LAN: Workload = {
  load: 1,
  cores: 2,
  seconds: 330,
  clients: CLIENTS,
  bytesMs: 60_000,
  returns: 0.5,
  leaves: 0.03,
  withinMs: 60_000,
};

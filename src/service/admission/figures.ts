/** What is shown of admission. Counts are from its start. */
import type { Refused } from './asked.ts';
import type { Lane } from './predict.ts';

export interface AdmissionFigures {
  /** Bodies that come, and whole ones that wait for a thread. */
  readonly coming: number;
  readonly waiting: number;
  readonly running: Readonly<Record<Lane, number>>;
  /** What bodies hold, by what they said, or are. */
  readonly bytes: number;
  readonly clients: number;
  /** Work that was asked for lately, as a part of what all cores can do. */
  readonly demand: number;
  /** Until work that is here would start. */
  readonly waitMs: Readonly<Record<Lane, number>>;
  readonly admitted: number;
  readonly refused: Readonly<Record<Refused['why'], number>>;
  readonly tickets: { readonly out: number; readonly given: number; readonly used: number };
  /** Ended work whose end was told, and of that what ended within a factor of two. */
  readonly predictions: { readonly told: number; readonly right: number };
}

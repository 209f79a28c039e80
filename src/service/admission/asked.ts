/** What admission is asked and told, and what it answers. */
import type { Entry } from './entry.ts';
import type { WorkKind } from './speeds.ts';

/** What the head of a request says. */
export interface Asked {
  /** Its key: a header's value, or an address. */
  readonly client: string;
  readonly kind: WorkKind;
  /** Of the body; null where it comes without a length. */
  readonly bodyBytes: number | null;
  /** Of audio, where the head said so. */
  readonly seconds: number | null;
  /** From -10 to 10. */
  readonly priority: number;
  /** By then it has to be done. */
  readonly withinMs: number;
  /** Of an earlier refusal. */
  readonly ticket?: string;
}

/** What a whole body was found to be. */
export interface Arrived {
  readonly kind: WorkKind;
  readonly bytes: number;
  readonly seconds: number | null;
}

export interface Refused {
  readonly admitted: false;
  /** The service has no room; this client has had its share; it can't be done by then. */
  readonly why: 'full' | 'client' | 'late';
  /** In whole seconds; null where the time that it gave is too short even with all threads idle. */
  readonly retryAfterMs: number | null;
  /** Holds a place from then on, for this client. */
  readonly ticket: string | null;
}

export type Answer = { readonly admitted: true; readonly entry: Entry } | Refused;

/** How a started entry ended. Only `done` tells how long work takes. */
export type Ended = 'done' | 'failed' | 'cancelled';

/** What a host tells of itself, and what it knows of time. */
import type { PageSummary } from './store.ts';

export type HostEvent =
  | { readonly event: 'refused'; readonly batch: string; readonly wants: string; readonly has: string }
  | { readonly event: 'unknown'; readonly batch: string; readonly folder: string; readonly why: string }
  | { readonly event: 'unlisted'; readonly batch: string; readonly why: string }
  | { readonly event: 'taken' | 'back' | 'lost' | 'split'; readonly batch: string; readonly page: string }
  | { readonly event: 'ended'; readonly batch: string; readonly page: string; readonly summary: PageSummary }
  | { readonly event: 'failed'; readonly batch: string; readonly input: string; readonly message: string }
  | { readonly event: 'ill'; readonly why: string }
  | { readonly event: 'well' }
  | { readonly event: 'silent'; readonly why: string }
  | { readonly event: 'done' | 'repaired'; readonly batch: string; readonly pages: number };

/** What a host has done since its start; all only rise but those that are held. */
export interface HostFigures {
  readonly files: { readonly ok: number; readonly failed: number; readonly twice: number };
  readonly pages: {
    readonly taken: number;
    readonly ended: number;
    readonly back: number;
    readonly lost: number;
    readonly held: number;
  };
  readonly running: number;
  readonly waiting: number;
  /** Its pages may go on: their locks hold by its own clock. */
  readonly fenceOpen: boolean;
  readonly repairs: number;
}

export interface HostClock {
  /** Never goes back, and does not stand while the process does. */
  nowMs(): number;
  /** Since 1970. */
  wallMs(): number;
  /** @returns what ends it */
  after(ms: number, action: () => void): () => void;
}

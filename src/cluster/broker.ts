/**
 * The queue of pages, as a host and those who submit need it. It is an index only: all of it can be made anew
 * from the store. Messages may be lost, come twice or come late; a page that is taken comes again when its
 * lock ends without having been renewed.
 */
import type { PageRef } from './page.ts';

/** What hosts are told of a batch: enough to find it. */
export interface Announcement {
  readonly id: string;
  /** The folder of the outputs, which the store lies in: absolute, the same on every host. */
  readonly folder: string;
  /** Its share among batches, over 0. */
  readonly weight: number;
  readonly priority: number;
  readonly submittedMs: number;
  /** The engine fingerprint that it wants; null for any. */
  readonly engine: string | null;
}

/** A page that is held. */
export interface Delivery {
  readonly batch: string;
  readonly ref: PageRef;
  /** Known to the broker and to who holds it. */
  readonly token: string;
}

export interface PageCounts {
  readonly waiting: number;
  readonly held: number;
}

export interface Broker extends AsyncDisposable {
  /** How long a page is held without being renewed. */
  readonly lockMs: number;
  announce(batch: Announcement): Promise<void>;
  batches(): Promise<readonly Announcement[]>;
  /** A batch is over: nothing of it stays. */
  forget(id: string): Promise<void>;
  /** Those that wait, or are held, stay as they are. */
  put(id: string, refs: readonly PageRef[]): Promise<void>;
  /** Null where none waits. */
  take(id: string, token: string): Promise<Delivery | null>;
  /** Each lock lasts for its whole time again. @returns those that are not held any more */
  renew(held: readonly Delivery[]): Promise<readonly Delivery[]>;
  /** Its results are in the store. False where it was not held any more, which changes nothing. */
  done(held: Delivery): Promise<boolean>;
  /** It is the next that is taken. */
  giveBack(held: Delivery): Promise<boolean>;
  counts(id: string): Promise<PageCounts>;
  /**
   * The right to look through all results of a batch, which one at a time has, for as long as a lock lasts.
   * True where nobody has it, and where the one with this token does: then its time begins anew.
   */
  mayLook(id: string, token: string): Promise<boolean>;
}

/**
 * What goes between a supervisor and its processes, over the channel that `fork` opens. Several messages
 * share one: what a message costs, they share.
 */
import type { Bytes } from '../bytes.ts';
import type { SpooledCrate } from '../files/spool.ts';
import type { ErrorRecord } from '../messages/error-record.ts';
import type { Places } from '../messages/tasks.ts';
import type { RuntimeOptions } from '../runtime/options.ts';
import type { CloseReport, RunOptions } from '../runtime/runner.ts';
import type { LogEvent, LogLevel } from '../telemetry/log.ts';
import type { Snapshot } from '../telemetry/snapshot.ts';

/** Descriptor of the file of slots in a process, behind those for text and the channel. */
export const SLOTS_FILE = 4;

/** Bytes on their way: in a file, since a channel of messages copies them several times. */
export interface Parcel extends SpooledCrate {
  /** `lease`: they were in one, and are to be in one again. `file`: they are passed on as they are. */
  readonly as: 'lease' | 'file';
}

/** A value with its leases and spooled files taken out. */
export interface Cargo {
  readonly value: unknown;
  readonly parcels?: readonly Parcel[];
  readonly places?: Places;
}

export interface GivenTask extends Cargo {
  readonly task: number;
  readonly options: Omit<RunOptions, 'signal' | 'onProgress' | 'priority' | 'tenant'>;
  /** Its caller wants to know how far it is. */
  readonly progress: boolean;
}

export interface EndedTask extends Partial<Cargo> {
  readonly task: number;
  readonly error?: ErrorRecord;
}

/** To a process. */
export type ToProcess =
  | { readonly kind: 'start'; readonly options: RuntimeOptions; readonly ffmpegLog: LogLevel | undefined }
  | { readonly kind: 'task'; readonly given: GivenTask }
  | { readonly kind: 'cancel'; readonly task: number }
  | { readonly kind: 'look' }
  | { readonly kind: 'close'; readonly timeoutMs: number };

/** What a process shows of itself. */
export interface ProcessFigures {
  readonly snapshot: Snapshot;
  readonly rssBytes: Bytes;
}

/** From a process. */
export type FromProcess =
  | ({ readonly kind: 'ready' } & ProcessFigures)
  | { readonly kind: 'failed'; readonly error: ErrorRecord }
  | { readonly kind: 'ended'; readonly ended: EndedTask }
  | { readonly kind: 'progress'; readonly task: number; readonly fraction: number }
  | { readonly kind: 'log'; readonly event: LogEvent }
  | ({ readonly kind: 'figures' } & ProcessFigures)
  /** It was asked for figures, and its runtime has not started yet. */
  | { readonly kind: 'starting' }
  | ({ readonly kind: 'closed'; readonly report: CloseReport } & ProcessFigures);

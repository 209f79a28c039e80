/** What admission is told at its start. The service's options say what each means for its users. */
import type { Lane } from './predict.ts';
import type { ShareRules } from './shares.ts';

export interface AdmissionSettings extends ShareRules {
  /** That work has; there is one thread more. */
  readonly cores: number;
  /** Work is short that most likely takes no longer. */
  readonly shortMs: number;
  /** Requests that come or wait. */
  readonly mostEntries: number;
  /** That bodies may hold until their work has ended. */
  readonly mostBytes: number;
  /** What a body counts for that comes without a length. */
  readonly unknownBytes: number;
  /** Under overload, how many times its own service time work may take from its body's last byte on. */
  readonly stretch: Readonly<Record<Lane, number>>;
  /** Without overload, what it may wait beside that: a refusal would take a second, too. */
  readonly graceMs: number;
  /** For so long a ticket holds a place. */
  readonly ticketHoldMs: number;
  readonly ticketsOfClient: number;
  /** What one step of priority is worth. */
  readonly ageingMs: number;
  /** From 0 to below 1. */
  random(): number;
}

type Defaults = Omit<AdmissionSettings, 'cores' | 'mostBytes' | 'random' | 'weightOf'>;

export const ADMISSION_DEFAULTS: Defaults = {
  shortMs: 1_000,
  mostEntries: 256,
  unknownBytes: 32 * 2 ** 20,
  stretch: { short: 2, long: 3 },
  graceMs: 500,
  ticketHoldMs: 5_000,
  ticketsOfClient: 2,
  mostClients: 10_000,
  ageingMs: 1_000,
};

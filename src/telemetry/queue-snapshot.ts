/** What a runtime shows of its queue: plain JSON. */
import type { Bytes } from '../bytes.ts';

/** Why a run was refused, and never became a task. */
export const REFUSALS = ['queueFull', 'tenantQueued', 'tenantBytes', 'tooLarge'] as const;
export type Refusal = (typeof REFUSALS)[number];

/** Runs that were refused since the start; one that is tried again counts again. */
export interface RefusedRuns {
  /** `ERR_QUEUE_FULL`: as many tasks waited as `maxQueue` says. */
  readonly queueFull: number;
  /** `ERR_QUEUE_FULL`: as many of its tenant waited as `maxQueued` says. */
  readonly tenantQueued: number;
  /** `ERR_QUEUE_FULL`: with it the inputs of its tenant's waiting tasks would hold more than `maxBytes`. */
  readonly tenantBytes: number;
  /** `ERR_REQUEST_TOO_LARGE`: what it brought and declared is over the budget, or its tenant's `maxBytes`. */
  readonly tooLarge: number;
}

export const NO_REFUSALS: RefusedRuns = { queueFull: 0, tenantQueued: 0, tenantBytes: 0, tooLarge: 0 };

/** Tasks of one tenant, or of several together. */
export interface TenantSnapshot {
  /** Its share beside others; of several tenants, that of each. */
  readonly weight: number;
  readonly queued: number;
  readonly running: number;
  /** What inputs of its waiting tasks hold. */
  readonly queuedBytes: Bytes;
  /** What its running tasks brought and declared. */
  readonly runningBytes: Bytes;
  /** Tasks that ended, however they did. */
  readonly ended: number;
  /** That its ended tasks ran. */
  readonly servedSeconds: number;
  /** Runs that were refused, for whatever reason. */
  readonly refused: number;
}

export interface QueueSnapshot {
  /** So many tasks may wait (`maxQueue`); null: any number. */
  readonly limit: number | null;
  readonly refused: RefusedRuns;
  /** Together they are all tasks, and all refused runs. */
  readonly tenants: {
    /** Tasks that name no tenant. */
    readonly none: TenantSnapshot;
    /** By name, those that have limits of their own; there are 100 at most. */
    readonly named: Readonly<Record<string, TenantSnapshot>>;
    /** All others together, since there may be any number of them; `count` have tasks now. */
    readonly others: TenantSnapshot & { readonly count: number };
  };
}

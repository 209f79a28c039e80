/** What a runtime's queue may hold and how it shares the threads: checked, with defaults filled in. Pure. */
import { type Bytes, KiB } from '../bytes.ts';
import { MillpondError } from '../errors.ts';
import { escaped, shownValue } from '../text/escaping.ts';
import type { QueueRules } from './queue.ts';
import type { TenantRules } from './tenant.ts';

/** What a tenant may have of a runtime. */
export interface TenantLimits {
  /**
   * Its share of the threads' time beside those of others, while more than one tenant has tasks that wait;
   * 0.001 to 1000. Default 1.
   */
  readonly weight?: number;
  /**
   * So many of its tasks may wait, 0 or more; `run()` refuses more with `ERR_QUEUE_FULL`. Default: any
   * number.
   */
  readonly maxQueued?: number;
  /**
   * So many of its tasks may run at once, 1 or more; others wait and hold up no other tenant. Default: any
   * number.
   */
  readonly maxRunning?: number;
  /**
   * Leased memory, 1 or more. What the inputs of its waiting tasks hold stays within it, or `run()` refuses
   * with `ERR_QUEUE_FULL`. What the inputs of its running tasks hold, with what these declared (`needBytes`),
   * stays within it too: others wait and hold up no other tenant. What jobs acquire without having declared
   * it is not known before they run, and counts for the budget alone. Default: any number.
   */
  readonly maxBytes?: Bytes;
}

export interface TenantOptions {
  /** By name. These are shown in snapshots and metrics, so there are 100 at most. Default: none. */
  readonly named?: Readonly<Record<string, TenantLimits>>;
  /** Of each tenant that has no limits of its own. Default: weight 1, and no limits. */
  readonly others?: TenantLimits;
}

export interface QueueOptions {
  /**
   * So many tasks may wait, 0 or more; `run()` refuses more at once with `ERR_QUEUE_FULL`, and takes nothing
   * of their inputs. With 0 only what starts at once is taken. Default: any number.
   */
  readonly maxQueue?: number;
  /**
   * What one step of `priority` is worth: a task is overtaken by tasks of its tenant with more priority only
   * where they come within so many milliseconds for each step between them. 0 to a day. Default 10,000.
   */
  readonly ageingMs?: number;
  /**
   * Shares and limits of those for whom tasks run (`tenant` of `run()`). Default: all alike, without limits.
   */
  readonly tenants?: TenantOptions;
}

const DAY_MS = 86_400_000;
const MOST_NAMED = 100;
/** Those of tasks that name no tenant, too. */
const NO_LIMITS: TenantRules = { weight: 1, maxQueued: Infinity, maxRunning: Infinity, maxKib: Infinity };

interface Range {
  readonly least: number;
  readonly most: number;
  readonly whole: boolean;
}

const LIMITS: Readonly<Record<keyof TenantLimits, Range>> = {
  weight: { least: 0.001, most: 1000, whole: false },
  maxQueued: { least: 0, most: Infinity, whole: true },
  maxRunning: { least: 1, most: Infinity, whole: true },
  maxBytes: { least: 1, most: Infinity, whole: true },
};

/** @throws MillpondError `ERR_INVALID_ARGUMENT` */
export function resolveQueueOptions({
  maxQueue = Infinity,
  ageingMs = 10_000,
  tenants = {},
}: QueueOptions): QueueRules {
  check('maxQueue', maxQueue, { least: 0, most: Infinity, whole: true });
  check('ageingMs', ageingMs, { least: 0, most: DAY_MS, whole: false });
  checkKeys('tenants', tenants, ['named', 'others']);
  const { named = {}, others } = tenants;
  checkKeys('tenants.named', named, null);
  const names = Object.keys(named);
  if (names.length > MOST_NAMED || names.includes('')) {
    throw invalid(
      `tenants.named has ${MOST_NAMED} names at most, none of them empty; it has ${names.length}.`,
      'Give limits to all others together, by tenants.others.',
    );
  }
  const rules = new Map(names.map((name) => [name, resolveLimits(`tenants.named.${name}`, named[name])]));
  const rest = others === undefined ? NO_LIMITS : resolveLimits('tenants.others', others);
  rules.set('', NO_LIMITS);
  return { maxQueue, ageingMs, named: names, others: rest, rulesOf: (tenant) => rules.get(tenant) ?? rest };
}

function resolveLimits(what: string, limits: TenantLimits): TenantRules {
  checkKeys(what, limits, Object.keys(LIMITS));
  for (const [key, range] of Object.entries(LIMITS)) {
    const value: unknown = limits[key as keyof TenantLimits];
    if (value !== undefined) check(`${what}.${key}`, value, range);
  }
  const { weight = 1, maxQueued = Infinity, maxRunning = Infinity, maxBytes = Infinity } = limits;
  return { weight, maxQueued, maxRunning, maxKib: maxBytes / KiB };
}

function checkKeys(what: string, value: unknown, keys: readonly string[] | null): void {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw invalid(
      `${escaped(what)} is an object, got ${shownValue(value)}.`,
      'Leave it out for the default.',
    );
  }
  const unknown = Object.keys(value).find((key) => keys !== null && !keys.includes(key));
  if (unknown === undefined || keys === null) return;
  throw invalid(`${escaped(what)} has no option '${escaped(unknown)}'.`, `It has ${keys.join(', ')}.`);
}

function check(what: string, value: unknown, { least, most, whole }: Range): void {
  const isNumber = typeof value === 'number' && value >= least && value <= most;
  if (isNumber && (!whole || Number.isInteger(value) || value === Infinity)) return;
  const range = most === Infinity ? `${least} or more, or Infinity` : `${least} to ${most}`;
  throw invalid(
    `${escaped(what)} is a ${whole ? 'whole ' : ''}number, ${range}; got ${shownValue(value)}.`,
    'Leave it out for the default.',
  );
}

function invalid(rule: string, remedy: string): MillpondError {
  return new MillpondError('ERR_INVALID_ARGUMENT', `${rule} ${remedy}`);
}

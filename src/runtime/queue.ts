/**
 * The tasks that wait, and whose turn it is: fair shares between tenants, priorities within each.
 *
 * Owned by `Tasks`; main thread only. It has no clock: times come with the calls, in milliseconds. Between
 * tenants it is start-time fair queueing: each has a tag, the time that it was served divided by its weight,
 * and the least comes next; one that wanted nothing for a while goes on from `#virtualMs`, so that it neither
 * saves up turns nor owes any. Within a tenant a task's key is its time of acceptance less a head start for
 * its priority: it stays as it is, so a task is overtaken by none that comes later than that head start.
 * Invariant: a tenant is in `#ready` exactly while its first task may start by its own limits; one that has
 * no task is in `#idle`, or forgotten, since it would begin at `#virtualMs` anyway. Every step takes the
 * logarithm of how many wait. Leaves to others: the memory of all (`Admission`), and when a task is over.
 */
import type { Refusal } from '../telemetry/queue-snapshot.ts';
import { Heap } from './heap.ts';
import { meanWith, type Queued, Tenant, type TenantRules } from './tenant.ts';

/** What a runtime's queue may hold, and who comes first. */
export interface QueueRules {
  readonly maxQueue: number;
  /** Milliseconds that one step of priority is worth. */
  readonly ageingMs: number;
  /** `''` is the tenant of all tasks that name none. */
  rulesOf(tenant: string): TenantRules;
  /** Of any tenant that is not named. */
  readonly others: TenantRules;
  /** Tenants with rules of their own: these are shown by name. */
  readonly named: readonly string[];
}

/** Tasks of a tenant. */
interface TenantCounts {
  readonly queued: number;
  readonly running: number;
}

/** Whether one more task may wait; where not, why. */
type Room = 'free' | Exclude<Refusal, 'tooLarge'>;

/** Before anything was measured. */
const FIRST_GUESS_MS = 1;
/** What is quicker counts as this, so that every task moves time on. */
const LEAST_MS = 0.001;
/**
 * New tenants begin behind the last start by this share of a usual task: else such as come without end would
 * always come before one that has had more than its share once.
 */
const NEW_STEP = 1 / 2;
/** Tenants without tasks that are remembered since they have had more than their share. */
const MOST_IDLE = 1000;

export class Queue<E extends Queued> {
  readonly #rules: QueueRules;
  readonly #tenants = new Map<string, Tenant<E>>();
  readonly #ready = new Heap<Tenant<E>>(comesBefore);
  readonly #idle = new Heap<Tenant<E>>((a, b) => a.tagMs < b.tagMs);
  /** The tag that a tenant begins with. */
  #virtualMs = 0;
  #activeWeight = 0;
  #running = 0;
  #size = 0;
  #order = 0;
  #meanMs: number | null = null;
  /** The mean of logarithms, which a single long task hardly moves. */
  #usualLogMs = Math.log(FIRST_GUESS_MS);

  constructor(rules: QueueRules) {
    this.#rules = rules;
  }

  /** Tasks that wait. */
  get size(): number {
    return this.#size;
  }

  /** Tenants that it keeps in mind, by name. */
  get tenants(): ReadonlyMap<string, Tenant<E>> {
    return this.#tenants;
  }

  /** Whether one more may wait, with an input of this size. */
  room(tenant: string, broughtKib = 0): Room {
    const known = this.#tenants.get(tenant);
    const { maxQueued, maxKib } = known?.rules ?? this.#rules.rulesOf(tenant);
    if ((known?.waiting.size ?? 0) >= maxQueued) return 'tenantQueued';
    if (!(known?.holds(broughtKib) ?? broughtKib <= maxKib)) return 'tenantBytes';
    return this.#size >= this.#rules.maxQueue ? 'queueFull' : 'free';
  }

  /** How many more may wait, of all tenants and of one. */
  places(tenant?: string): number {
    const all = Math.max(0, this.#rules.maxQueue - this.#size);
    if (tenant === undefined) return all;
    const { maxQueued } = this.#rules.rulesOf(tenant);
    return Math.min(all, Math.max(0, maxQueued - (this.#tenants.get(tenant)?.waiting.size ?? 0)));
  }

  /** Whether a task that comes now would be the next to start. */
  wouldBeNext(task: Pick<Queued, 'tenant' | 'needKib' | 'broughtKib'>): boolean {
    if (this.#ready.size > 0) return false;
    const known = this.#tenants.get(task.tenant);
    return known === undefined || (known.waiting.size === 0 && known.mayStart(task));
  }

  /** Whether its tenant's limit of memory lets it ever start. */
  canEverStart(task: Pick<Queued, 'tenant' | 'needKib' | 'broughtKib'>): boolean {
    return task.needKib + task.broughtKib <= this.#rules.rulesOf(task.tenant).maxKib;
  }

  add(entry: E): void {
    const tenant = this.#tenantOf(entry.tenant);
    // It saves up no turns.
    const tagMs = tenant.tagAt(entry.acceptedMs);
    if (tenant.waiting.size === 0) tenant.servedMs += Math.max(0, this.#virtualMs - tagMs);
    entry.order = ++this.#order;
    entry.key = entry.acceptedMs - entry.priority * this.#rules.ageingMs;
    this.#wait(tenant, entry);
    this.#settle(tenant, entry.acceptedMs);
  }

  /** The task whose turn it is; it stays. */
  first(nowMs: number): E | null {
    for (;;) {
      const tenant = this.#ready.first;
      if (tenant === undefined) return null;
      // Tags of tenants with running tasks rise with time; that of the first is brought up to date, until the
      // first is one that was: all others are behind it, whatever they have risen by.
      const tagMs = tenant.tagAt(nowMs);
      if (tagMs <= tenant.tagMs) return tenant.waiting.first as E;
      tenant.tagMs = tagMs;
      this.#ready.moved(tenant);
    }
  }

  /** A task that waits starts. */
  take(entry: E, nowMs: number): void {
    const tenant = this.#tenantOf(entry.tenant);
    const stepMs =
      (Math.exp(this.#usualLogMs) * NEW_STEP) / Math.max(this.#activeWeight, tenant.rules.weight);
    this.#virtualMs = Math.max(this.#virtualMs, tenant.spentAt(nowMs) + stepMs);
    this.#size--;
    tenant.leave(entry);
    this.#running++;
    tenant.begin(entry, nowMs, tenant.meanMs ?? this.#meanMs ?? FIRST_GUESS_MS);
    this.#settle(tenant, nowMs);
  }

  /** A task that was taken has not begun after all: it is where it stood. */
  restore(entry: E): void {
    const tenant = this.#tenantOf(entry.tenant);
    this.#running--;
    tenant.end(entry);
    this.#wait(tenant, entry);
    this.#settle(tenant, entry.takenMs);
  }

  /** A task waits no more, and never started; false when it did not wait. */
  remove(entry: E): boolean {
    if (entry.at < 0) return false;
    const tenant = this.#tenantOf(entry.tenant);
    this.#size--;
    tenant.leave(entry);
    this.#settle(tenant, entry.acceptedMs);
    return true;
  }

  /**
   * A task is over, and ran between these times; null for one that never did. Does nothing for one that was
   * never taken.
   */
  ended(entry: E, startedMs: number | null, endedMs: number): void {
    if (!entry.taken) return;
    const tenant = this.#tenantOf(entry.tenant);
    const tookMs = Math.max(LEAST_MS, endedMs - (startedMs ?? endedMs));
    this.#running--;
    tenant.end(entry);
    tenant.measured(tookMs);
    this.#meanMs = meanWith(this.#meanMs, tookMs);
    this.#usualLogMs = meanWith(this.#usualLogMs, Math.log(tookMs));
    this.#settle(tenant, endedMs);
  }

  /** All that wait, in the order in which they were accepted. */
  all(): E[] {
    const entries = [...this.#tenants.values()].flatMap(({ waiting }) => waiting.items);
    return entries.sort((a, b) => a.order - b.order);
  }

  countsOf(tenant: string): TenantCounts {
    const known = this.#tenants.get(tenant);
    return { queued: known?.waiting.size ?? 0, running: known?.running ?? 0 };
  }

  /**
   * Milliseconds until those that wait now, in all or of a tenant, have started, by the times that tasks took
   * so far; 0 while none has ended.
   */
  predictedWaitMs(threads: number, tenant: string | null): number {
    const known = tenant === null ? undefined : this.#tenants.get(tenant);
    const meanMs = known?.meanMs ?? this.#meanMs ?? 0;
    if (known === undefined) return Math.ceil((this.#size * meanMs) / threads);
    const { weight, maxRunning } = known.rules;
    const share = (threads * weight) / Math.max(this.#activeWeight, weight);
    return Math.ceil((known.waiting.size * meanMs) / Math.min(share, maxRunning));
  }

  #tenantOf(name: string): Tenant<E> {
    const known = this.#tenants.get(name);
    if (known !== undefined) return known;
    const tenant = new Tenant<E>(name, this.#rules.rulesOf(name), this.#virtualMs);
    this.#tenants.set(name, tenant);
    return tenant;
  }

  #wait(tenant: Tenant<E>, entry: E): void {
    this.#size++;
    tenant.wait(entry);
  }

  /** Puts a tenant where it belongs, after something of it has changed. */
  #settle(tenant: Tenant<E>, nowMs: number): void {
    tenant.tagMs = tenant.tagAt(nowMs);
    const { first } = tenant.waiting;
    const { active } = tenant;
    if (active !== tenant.counted) {
      tenant.counted = active;
      this.#activeWeight += active ? tenant.rules.weight : -tenant.rules.weight;
    }
    this.#move(tenant, !active ? this.#idle : first && tenant.mayStart(first) ? this.#ready : null);
    this.#forget();
  }

  #move(tenant: Tenant<E>, to: Heap<Tenant<E>> | null): void {
    if (tenant.heap === to) {
      to?.moved(tenant);
      return;
    }
    tenant.heap?.remove(tenant);
    tenant.heap = to;
    to?.add(tenant);
  }

  /** Of tenants without tasks, those that would begin where a new one does, and the nearest of too many. */
  #forget(): void {
    const quiet = this.#size + this.#running === 0;
    for (let { first } = this.#idle; first !== undefined; first = this.#idle.first) {
      if (!quiet && first.tagMs > this.#virtualMs && this.#idle.size <= MOST_IDLE) break;
      this.#idle.remove(first);
      this.#tenants.delete(first.name);
    }
    if (!quiet) return;
    // Sums of what comes and goes gather errors of rounding.
    this.#virtualMs = 0;
    this.#activeWeight = 0;
  }
}

/** Of two with the same tag, the one whose first task came first. */
function comesBefore<E extends Queued>(a: Tenant<E>, b: Tenant<E>): boolean {
  if (a.tagMs !== b.tagMs) return a.tagMs < b.tagMs;
  return (a.waiting.first as E).order < (b.waiting.first as E).order;
}

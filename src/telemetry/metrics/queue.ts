/**
 * Metrics of the queue and its tenants. A tenant's name comes with the kind of tenant, since any name may be
 * one: `none` and `others` have no name.
 */
import type { TenantSnapshot } from '../queue-snapshot.ts';
import type { Snapshot } from '../snapshot.ts';
import { byName, counter, gauge, type Metric, type Row } from './metric.ts';

const TENANT = ['tenant_kind', 'tenant'];

export const QUEUE_METRICS: readonly Metric[] = [
  gauge(
    'queue.limit',
    '{task}',
    'Tasks that may wait; left out where any number may.',
    [],
    (s) => s.queue.limit,
  ),
  counter(
    'runs.refused',
    '{run}',
    'Runs that were refused and never became tasks, by why; one that is tried again counts again.',
    ['reason'],
    (s) => byName(s.queue.refused as unknown as Record<string, number>, (runs) => runs),
  ),
  gauge('tenant.tasks', '{task}', 'Tasks of the tenant that wait or run now.', [...TENANT, 'state'], (s) =>
    byState(s, ({ queued, running }) => ({ queued, running })),
  ),
  gauge(
    'tenant.held',
    'By',
    'What inputs of its waiting tasks hold, and what its running ones brought and declared.',
    [...TENANT, 'state'],
    (s) => byState(s, ({ queuedBytes, runningBytes }) => ({ queued: queuedBytes, running: runningBytes })),
  ),
  counter('tenant.tasks.ended', '{task}', 'Tasks of the tenant that ended, however they did.', TENANT, (s) =>
    byTenant(s, ({ ended }) => ended),
  ),
  counter('tenant.served', 's', 'That ended tasks of the tenant ran.', TENANT, (s) =>
    byTenant(s, ({ servedSeconds }) => servedSeconds),
  ),
  counter(
    'tenant.runs.refused',
    '{run}',
    'Runs of the tenant that were refused, for whatever reason.',
    TENANT,
    (s) => byTenant(s, ({ refused }) => refused),
  ),
  gauge(
    'tenant.weight',
    '{weight}',
    'Its share beside others; of several tenants, that of each.',
    TENANT,
    (s) => byTenant(s, ({ weight }) => weight),
  ),
  gauge('tenants.others', '{tenant}', 'Tenants without limits of their own that have tasks now.', [], (s) =>
    known(s) ? s.queue.tenants.others.count : null,
  ),
];

/** Where all tasks are of one tenant, there is nothing to tell apart. */
function known({ queue: { tenants } }: Snapshot): boolean {
  const { queued, running, ended, refused } = tenants.others;
  return Object.keys(tenants.named).length > 0 || queued + running + ended + refused > 0;
}

function byTenant(snapshot: Snapshot, of: (tenant: TenantSnapshot) => number): Row<number>[] {
  if (!known(snapshot)) return [];
  const { none, named, others } = snapshot.queue.tenants;
  return [
    [['none', ''], of(none)],
    ...Object.entries(named).map(([name, tenant]): Row<number> => [['named', name], of(tenant)]),
    [['others', ''], of(others)],
  ];
}

function byState(
  snapshot: Snapshot,
  of: (tenant: TenantSnapshot) => Readonly<Record<'queued' | 'running', number>>,
): Row<number>[] {
  return (['queued', 'running'] as const).flatMap((state) =>
    byTenant(snapshot, (tenant) => of(tenant)[state]).map(
      ([labels, value]): Row<number> => [[...labels, state], value],
    ),
  );
}

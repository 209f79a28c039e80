/** The distributions of a run that have a name: `fresh`, `fresh/large`, `all`, `gc/major`, `queue`. Pure. */
import { CAUSES, type CauseName } from '../pool/causes.ts';
import { TIER_NAMES, type TierName } from '../pool/tiers.ts';
import { SERIES_NAMES, type SeriesName } from '../telemetry/recording/lines.ts';
import { GC_KINDS } from '../telemetry/series.ts';
import { shownJob, writtenJob } from './jobs.ts';

export interface Selection {
  /** As gates write it. */
  readonly name: string;
  /** For people: `fresh allocations (large)`. */
  readonly label: string;
  readonly unit: 'ns' | 'B';
  readonly series: ReadonlySet<SeriesName>;
  /**
   * Of requests: what served them, and of which tier, null for all. Their exact counts are in each interval.
   */
  readonly requests: { readonly causes: readonly CauseName[]; readonly tier: TierName | null } | null;
  /**
   * One record may stand for several values, as hits and lifetimes are sampled; everything else is written
   * down whole.
   */
  readonly sampled: 'hits' | 'lifetimes' | null;
  /** Of the tasks of this job; null for those of all, and for what is of no task. */
  readonly job: string | null;
}

const CAUSE_LABELS: Readonly<Record<CauseName, string>> = {
  hit: 'hits',
  mailbox: 'requests served by mail',
  larger: 'requests served by a larger tier',
  fresh: 'fresh allocations',
  trimmed: 'allocations after a trim',
  waited: 'requests that waited',
  direct: 'direct allocations',
  refused: 'refused requests',
};

/** What comes before the slash. */
interface Family extends Pick<Selection, 'name' | 'label' | 'unit' | 'sampled'> {
  readonly causes?: readonly CauseName[];
  /** How its series begin. */
  readonly prefixes: readonly string[];
  /** What may follow the slash. */
  readonly parts: readonly string[];
}

const FAMILIES: readonly Family[] = [
  latencies('all', 'all requests', CAUSES),
  latencies(
    'slow',
    'requests that did not hit',
    CAUSES.filter((cause) => cause !== 'hit'),
  ),
  ...CAUSES.map((cause) => latencies(cause, CAUSE_LABELS[cause], [cause])),
  {
    ...{ name: 'lifetime', label: 'lifetimes of leases', unit: 'ns', sampled: 'lifetimes' },
    ...{ prefixes: ['lifetime/'], parts: TIER_NAMES },
  },
  {
    ...{ name: 'size', label: 'sizes of requests', unit: 'B', sampled: 'hits' },
    ...{ prefixes: ['size/'], parts: TIER_NAMES },
  },
  { name: 'gc', label: 'GC pauses', unit: 'ns', sampled: null, prefixes: ['gc/'], parts: GC_KINDS },
  { name: 'queue', label: 'queue waits', unit: 'ns', sampled: null, prefixes: ['queue'], parts: [] },
  { name: 'service', label: 'service times', unit: 'ns', sampled: null, prefixes: ['service'], parts: [] },
  { name: 'recovery', label: 'emergencies', unit: 'ns', sampled: null, prefixes: ['recovery'], parts: [] },
];

export const SELECTIONS: ReadonlyMap<string, Selection> = new Map(
  FAMILIES.flatMap((family) =>
    [null, ...family.parts].map((part) => selection(family, part)).map((one) => [one.name, one]),
  ),
);

/** As {@link SELECTIONS} has it, of the tasks of one job. */
export function jobSelection(of: 'queue' | 'service', job: string): Selection {
  const whole = SELECTIONS.get(of) as Selection;
  const [name, label] = [`${of}/${writtenJob(job)}`, `${whole.label} (${shownJob(job)})`];
  return { ...whole, name, label, job };
}

function latencies(name: string, label: string, causes: readonly CauseName[]): Family {
  const sampled = causes.includes('hit') ? 'hits' : null;
  const prefixes = causes.map((cause) => `latency/${cause}/`);
  return { name, label, unit: 'ns', sampled, causes, prefixes, parts: TIER_NAMES };
}

function selection({ name, label, unit, sampled, causes, prefixes }: Family, part: string | null): Selection {
  const series = SERIES_NAMES.filter(
    (one) => prefixes.some((prefix) => one.startsWith(prefix)) && (part === null || one.endsWith(`/${part}`)),
  );
  return {
    ...{
      name: part === null ? name : `${name}/${part}`,
      label: part === null ? label : `${label} (${part})`,
    },
    ...{ unit, sampled, series: new Set(series), job: null },
    requests: causes === undefined ? null : { causes, tier: part as TierName | null },
  };
}

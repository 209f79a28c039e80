/** The distributions of a run that have a name: `fresh`, `fresh/large`, `all`, `gc/major`, `queue`. Pure. */
import { CAUSES, type CauseName } from '../pool/causes.ts';
import { TIER_NAMES, type TierName } from '../pool/tiers.ts';
import { SERIES_NAMES, type SeriesName } from '../telemetry/recording/lines.ts';
import { GC_KINDS } from '../telemetry/snapshot.ts';

export interface Selection {
  /** As gates write it. */
  readonly name: string;
  /** For people: `fresh allocations (large)`. */
  readonly label: string;
  readonly unit: 'ns' | 'B';
  readonly series: ReadonlySet<SeriesName>;
  /** Whose sampling makes one record stand for several values: that of hits, of lifetimes, or nobody's. */
  readonly sampled: 'hits' | 'lifetimes' | null;
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

/** What stands before the slash, and what it means. */
const FAMILIES: readonly {
  readonly name: string;
  readonly label: string;
  readonly of: (series: SeriesName) => boolean;
  readonly unit?: 'B';
  readonly sampled?: 'hits' | 'lifetimes';
  readonly parts: readonly string[];
}[] = [
  {
    ...{ name: 'all', label: 'all requests', sampled: 'hits', parts: TIER_NAMES },
    of: (series) => series.startsWith('latency/'),
  },
  {
    ...{ name: 'slow', label: 'requests that did not hit', parts: TIER_NAMES },
    of: (series) => series.startsWith('latency/') && !series.startsWith('latency/hit/'),
  },
  ...CAUSES.map((cause) => ({
    ...{ name: cause, label: CAUSE_LABELS[cause], parts: TIER_NAMES },
    of: (series: SeriesName) => series.startsWith(`latency/${cause}/`),
    ...(cause === 'hit' && { sampled: 'hits' as const }),
  })),
  {
    ...{ name: 'lifetime', label: 'lifetimes of leases', sampled: 'lifetimes', parts: TIER_NAMES },
    of: (series) => series.startsWith('lifetime/'),
  },
  {
    ...{ name: 'size', label: 'sizes of requests', unit: 'B', sampled: 'hits', parts: TIER_NAMES },
    of: (series) => series.startsWith('size/'),
  },
  {
    ...{ name: 'gc', label: 'GC pauses', parts: GC_KINDS },
    of: (series) => series.startsWith('gc/'),
  },
  { name: 'queue', label: 'queue waits', of: (series) => series === 'queue', parts: [] },
  { name: 'service', label: 'service times', of: (series) => series === 'service', parts: [] },
  { name: 'recovery', label: 'emergencies', of: (series) => series === 'recovery', parts: [] },
];

export const SELECTIONS: ReadonlyMap<string, Selection> = new Map(
  FAMILIES.flatMap(({ name, label, of, unit, sampled = null, parts }) =>
    [null, ...parts].map((part): [string, Selection] => {
      const full = part === null ? name : `${name}/${part}`;
      const series = SERIES_NAMES.filter((one) => of(one) && (part === null || one.endsWith(`/${part}`)));
      const shown = part === null ? label : `${label} (${part})`;
      return [full, { name: full, label: shown, unit: unit ?? 'ns', sampled, series: new Set(series) }];
    }),
  ),
);

/** Of the given cause, and where it is given of the given tier. */
export function latencyOf(cause: CauseName | 'all' | 'slow', tier?: TierName): Selection {
  return SELECTIONS.get(tier === undefined ? cause : `${cause}/${tier}`) as Selection;
}

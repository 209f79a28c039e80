/** Loads that a service is played under, and what it promises in each. */
import type { Figures } from './measure.ts';
import type { ClientRules, Workload } from './workload.ts';

/** Twelve who ask alike, one that counts four times, and one that asks for ten times its part. */
const CLIENTS: readonly ClientRules[] = [
  ...Array.from({ length: 12 }, (_, at) => ({ name: `c${at}`, weight: 1, rate: 1, tracks: 0.15 })),
  { name: 'heavy', weight: 4, rate: 4, tracks: 0.15 },
  { name: 'hog', weight: 1, rate: 10, tracks: 0.15 },
];

const LAN: Omit<Workload, 'load'> = {
  cores: 4,
  seconds: 630,
  clients: CLIENTS,
  bytesMs: 60_000,
  returns: 0.5,
  leaves: 0.03,
  withinMs: 60_000,
};

interface Scenario {
  readonly workload: Workload;
  /** What was not kept. */
  broken(figures: Figures): string[];
}

/** Of what is true at any load. */
function always(
  { accuracy, headAccuracy, left, inVain, overdue, lateAfterBody }: Figures,
  late = 0.01,
): Broken[] {
  return [
    ['the end that was told with the body is right for 90 %', accuracy >= 0.9, accuracy],
    ['the end that was told at the head is right for 90 %', headAccuracy >= 0.9, headAccuracy],
    ['nothing is left in the end', left === 0, left],
    ['nothing is done for who left', inVain === 0, inVain],
    ['what was admitted is done by its time', overdue <= 0.01, overdue],
    ['hardly anything is refused with its whole body', lateAfterBody <= late, lateAfterBody],
  ];
}

function stretches({ classes: { short, long } }: Figures): Broken[] {
  return [
    ['short work takes twice its own time at the most', short.p99 <= 2, short.p99],
    ['long work takes three times its own time at the most', long.p99 <= 3, long.p99],
  ];
}

function overload(figures: Figures): Broken[] {
  const { throughput, ticketsAdmitted, shares } = figures;
  const usual = Object.entries(shares).filter(([name]) => name !== 'hog' && name !== 'heavy');
  const least = Math.min(...usual.map(([, share]) => share));
  return [
    ...always(figures),
    ...stretches(figures),
    ['nine tenths of what all cores can do are done', throughput >= 0.9, throughput],
    ['of those with a ticket 90 % are admitted', ticketsAdmitted >= 0.9, ticketsAdmitted],
    ['nobody starves', least >= 0.4, least],
    ['who counts four times has three times as much', shares.heavy >= 3, shares.heavy],
  ];
}

type Broken = readonly [promise: string, kept: boolean, value: number];

function broken(promises: readonly Broken[]): string[] {
  return promises.filter(([, kept]) => !kept).map(([promise, , value]) => `${promise}: ${value.toFixed(3)}`);
}

export const SCENARIOS = {
  'ten times the load': {
    workload: { ...LAN, load: 10 },
    broken: (figures) =>
      broken([
        ...overload(figures),
        [
          'short work has its thread',
          figures.classes.short.throughput >= 0.11,
          figures.classes.short.throughput,
        ],
        [
          'who asks ten times as often has no more than five times as much',
          figures.shares.hog <= 5,
          figures.shares.hog,
        ],
      ]),
  },
  'ten times the load of eight cores': {
    workload: { ...LAN, load: 10, cores: 8, seconds: 230 },
    broken: (figures) => broken([...always(figures), ...stretches(figures)]),
  },
  'three times the load': {
    workload: { ...LAN, load: 3, seconds: 930 },
    broken: (figures) => broken(overload(figures)),
  },
  'four fifths of the load': {
    workload: { ...LAN, load: 0.8, seconds: 1830 },
    broken: (figures) =>
      broken([
        ...always(figures),
        [
          'hardly any short work is refused',
          figures.classes.short.refused <= 0.08,
          figures.classes.short.refused,
        ],
        ['little long work is refused', figures.classes.long.refused <= 0.2, figures.classes.long.refused],
      ]),
  },
  'three times the load, with bodies that take longer than work': {
    workload: { ...LAN, load: 3, seconds: 930, bytesMs: 3_000 },
    broken: (figures) =>
      broken([
        ['the end that was told with the body is right for 90 %', figures.accuracy >= 0.9, figures.accuracy],
        ['seven tenths of what all cores can do are done', figures.throughput >= 0.7, figures.throughput],
        ['nothing is left in the end', figures.left === 0, figures.left],
      ]),
  },
  'ten times the load, with little time': {
    workload: { ...LAN, load: 10, withinMs: 8_000 },
    broken: (figures) => broken(always(figures, 0.05)),
  },
} as const satisfies Readonly<Record<string, Scenario>>;

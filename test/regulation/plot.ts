/**
 * A trace as plots in the terminal: how long a block was, what was held, how busy the CPU was, and what was
 * decided.
 */
import plot from 'simple-ascii-chart';
import { formatBytes, KiB } from '../../src/bytes.ts';
import { PRESSURE_LEVELS } from '../../src/regulation/pressure.ts';
import { type Moment, play } from './closed-loop.ts';
import type { Trace } from './traces.ts';

interface PlotSize {
  readonly width: number;
  readonly height: number;
}

const quiet = { hideXAxisTicks: true, showTickLabel: true } as const;
const MARKS: Readonly<Record<string, string>> = { nominal: '·', elevated: '▂', high: '▅', critical: '█' };

/** One line about how it ended. */
export function summarize(name: string, { what, open }: Trace): string {
  const counts = { shrink: 0, return: 0, grow: 0, trim: 0, rebalance: 0, emergency: 0 };
  let last: Moment | undefined;
  for (const moment of play(open())) {
    for (const { kind } of moment.decisions) counts[kind]++;
    last = moment;
  }
  const changes = `${counts.shrink} shrink, ${counts.return} return, ${counts.grow} grow, ${counts.emergency} emergencies`;
  const end = last === undefined ? 'empty' : `${formatBytes(last.settledBytes)} at ${last.level}`;
  return `${name.padEnd(18)}${what}\n${' '.repeat(18)}${changes}; ends with ${end}`;
}

/** The whole trace, or its first `seconds`. */
export function plotTrace(
  name: string,
  trace: Trace,
  size: PlotSize,
  seconds = Number.POSITIVE_INFINITY,
): string {
  const source = trace.open();
  const moments: Moment[] = [];
  for (const moment of play(source)) {
    if (moment.seconds > seconds && moments.length > 0) break;
    moments.push(moment);
  }
  const columns = inColumns(moments, size.width);
  const over = (of: (column: Moment[]) => number): [number, number][] =>
    columns.map((column) => [column[0].seconds, of(column)]);
  const percent = (title: string, of: (moment: Moment) => number): string =>
    plot(
      over((column) => 100 * Math.max(...column.map(of))),
      {
        ...quiet,
        ...size,
        title,
        yRange: [0, 100],
        formatter: (value) => `${Math.round(value)} %`.padStart(8),
      },
    );
  const octave = (bytes: number): number => Math.log2(bytes / KiB);
  const { leastBytes, mostBytes } = moments[0].block;
  const block = plot(
    over((column) => octave(column.at(-1)!.settledBytes)),
    {
      ...quiet,
      ...size,
      height: size.height + 4,
      title: 'block size, and its ceiling (·)',
      yRange: [octave(leastBytes), octave(mostBytes)],
      points: over((column) => octave(column.at(-1)!.block.ceilingBytes)).map(([x, y]) => ({ x, y })),
      formatter: (value) => formatBytes(KiB * 2 ** value).padStart(8),
      symbols: { point: '·' },
    },
  );
  const charts = [
    block,
    percent('held, of the budget', ({ look }) => look.heldBytes / source.parts.options.budgetBytes),
    percent('CPU load', ({ look }) => look.cpu ?? 0),
  ];
  return [
    `${name}: ${trace.what}`,
    ...charts.map((chart) => chart.replaceAll(/ +$/gm, '').replace(/\n+$/, '')),
    '',
    marks('pressure', columns, (column) => MARKS[highest(column)]),
    marks('emergency', columns, (column) => (column.some(({ emergency }) => emergency) ? '█' : '·')),
    marks('changes', columns, (column) =>
      String(column.filter(({ change }) => change !== null).length || '·'),
    ),
    `${' '.repeat(11)}0 to ${moments.at(-1)?.seconds ?? 0} s; ▂ elevated, ▅ high, █ critical`,
  ].join('\n');
}

function inColumns(moments: readonly Moment[], width: number): Moment[][] {
  const columns: Moment[][] = [];
  const each = Math.max(1, moments.length / width);
  for (let at = 0; at < moments.length; at += each) {
    columns.push(moments.slice(Math.floor(at), Math.max(Math.floor(at) + 1, Math.floor(at + each))));
  }
  return columns;
}

function highest(column: readonly Moment[]): string {
  const levels = column.map(({ level }) => PRESSURE_LEVELS.indexOf(level));
  return PRESSURE_LEVELS[Math.max(...levels)];
}

function marks(name: string, columns: readonly Moment[][], mark: (column: Moment[]) => string): string {
  const line = columns.map((column) => {
    const text = mark(column);
    return text.length > 1 ? '+' : text;
  });
  return `${name.padStart(10)} ${line.join('')}`;
}

/** Plots over time: of one run in detail, or of several one line each. Pure but for the drawing of marks. */
import uPlot from 'uplot';
import { PRESSURE_LEVELS } from '../../../regulation/pressure.ts';
import type { DrawnRun, TimeData } from '../data.ts';
import { bytes, bytesPerSecond, clock, duration, share } from '../format.ts';
import type { Line, Model, Scale } from './model.ts';
import { withAlpha } from './options.ts';
import { color } from './theme.ts';

/** As the legend has them. */
const KINDS = ['grow', 'shrink', 'return', 'trim', 'rebalance', 'emergency'];
const BYTES: Scale = { format: bytes, isBytes: true };

export function budgetModel(run: DrawnRun): Model {
  const { time, budget, decisions, recoveries } = run;
  const limit = time.to.map(() => budget.limitBytes);
  const lines: Line[] = [
    { label: 'used', values: time.usedBytes, format: bytes, color: 0, style: 'area' },
    {
      ...{ label: 'budget', values: limit, format: bytes, color: 7, style: 'dashed' as const },
      isHidden: Math.max(...time.usedBytes) < budget.limitBytes / 4,
    },
    ...time.tiers.flatMap(({ tier, used, available }, index): Line[] => [
      { label: `${tier}, leased`, values: used, format: bytes, color: 1 + index },
      { label: `${tier}, idle`, values: available, format: bytes, color: 1 + index, style: 'dashed' },
    ]),
    { label: 'whole process', values: time.rssBytes, format: bytes, color: 6, isHidden: true },
  ];
  const kinds = KINDS.filter((kind) => decisions.shown.some((one) => one.kind === kind));
  const worst = Math.max(0, ...time.pressure);
  return {
    ...overTime(time, BYTES, lines),
    marks: [
      ...kinds.map((kind) => ({ label: kind, className: `mark-${kind}` })),
      ...PRESSURE_LEVELS.slice(1, worst + 1).map((level) => ({ label: level, className: `level-${level}` })),
    ],
    say: (at) =>
      [
        time.pressure[at] > 0 ? `pressure ${PRESSURE_LEVELS[time.pressure[at]]}` : '',
        ...decisions.shown
          .filter((one) => one.at > time.from[at] && one.at <= time.to[at])
          .slice(0, 3)
          .map((one) => `${one.kind}: ${one.reason}`),
      ]
        .filter((part) => part !== '')
        .join(' · '),
    under: (plot) => {
      time.pressure.forEach((level, at) => {
        if (level > 0) band(plot, time.from[at], time.to[at], withAlpha(color(`--level-${level}`), 0.16));
      });
      for (const [from, to] of recoveries.spans) {
        band(plot, from, to, withAlpha(color('--level-3'), 0.35));
      }
    },
    over: (plot) => {
      const size = 5 * devicePixelRatio;
      for (const { at, kind } of decisions.shown) {
        const x = plot.valToPos(at, 'x', true);
        const y = plot.bbox.top + size * 1.6;
        plot.ctx.fillStyle = color(`--mark-${kind}`);
        plot.ctx.beginPath();
        plot.ctx.moveTo(x - size, y - size);
        plot.ctx.lineTo(x + size, y - size);
        plot.ctx.lineTo(x, y + size);
        plot.ctx.fill();
      }
    },
  };
}

export function blockModel({ time }: DrawnRun): Model {
  return {
    ...overTime(time, { ...BYTES }, [
      { label: 'block', values: time.blockBytes, format: bytes, color: 0, style: 'steps' },
      { label: 'CPU of the process', values: time.cpuProcess, format: share, color: 1, scale: 'y2' },
      {
        ...{ label: 'CPU of the machine', values: time.cpuSystem, format: share },
        ...{ color: 1, scale: 'y2', style: 'dashed' },
      },
    ]),
    y2: { format: share, range: [0, 1.05] },
  };
}

export function throughputModel({ time }: DrawnRun): Model {
  const all: Line = { label: 'all', values: time.throughputSum, format: bytesPerSecond, color: 7 };
  return overTime(time, { ...BYTES, format: bytesPerSecond }, [
    ...(time.throughput.length > 1 ? [all] : []),
    ...time.throughput.map(
      ({ name, values }, index): Line => ({ label: name, values, format: bytesPerSecond, color: index }),
    ),
  ]);
}

export function pausesModel({ time }: DrawnRun): Model {
  const scale = { format: duration, isLog: true };
  const lines = time.pauses.map(
    ({ kind, values }, index): Line => ({
      ...{ label: kind, values, format: duration, color: index },
      style: 'points',
    }),
  );
  return overTime(time, scale, lines);
}

/** One point a step of time: x is the load of the process. */
export function loadModel(runs: readonly DrawnRun[], names: readonly string[]): Model {
  const points = runs
    .flatMap(({ time }, run) =>
      time.cpuProcess.flatMap((cpu, at) =>
        cpu === null ? [] : [{ run, cpu, block: time.blockBytes[at], at: time.to[at] }],
      ),
    )
    .sort((a, b) => a.cpu - b.cpu);
  const most = Math.max(1, ...points.map(({ cpu }) => cpu));
  return {
    x: points.map(({ cpu }) => cpu),
    xScale: { format: share, range: [0, most * 1.02] },
    y: { ...BYTES },
    lines: names.map((label, run) => ({
      ...{ label: names.length > 1 ? label : 'block', format: bytes, color: run, style: 'points' },
      values: points.map((point) => (point.run === run ? point.block : null)),
    })),
    at: (index) => `At ${share(points[index].cpu)} CPU`,
    say: (index) => `${clock(points[index].at)} after the start`,
  };
}

/** One line of each run, over each other from their starts. */
export function overlaid(
  runs: readonly DrawnRun[],
  names: readonly string[],
  scale: Scale,
  of: (time: TimeData) => readonly (number | null)[],
): Model {
  const tables = runs.map(({ time }) => [[...time.to], [...of(time)]] as uPlot.AlignedData);
  const [x, ...columns] = uPlot.join(tables) as [number[], ...(number | null)[][]];
  return {
    ...{ x, xScale: { format: clock, isSeconds: true, range: [0, x[x.length - 1] ?? 1] }, y: scale },
    lines: names.map((label, index) => ({
      ...{ label, format: scale.format, color: index },
      values: x.map((_, at) => columns[index][at] ?? null),
    })),
    at: (index) => clock(x[index]),
  };
}

function overTime(time: TimeData, y: Scale, lines: readonly Line[]): Model {
  return {
    x: time.to,
    xScale: { format: clock, isSeconds: true, range: [time.from[0] ?? 0, time.to[time.to.length - 1] ?? 1] },
    y,
    lines,
    at: (index) => `${clock(time.from[index])} to ${clock(time.to[index])}`,
  };
}

function band(plot: uPlot, from: number, to: number, fill: string): void {
  const left = plot.valToPos(from, 'x', true);
  const right = plot.valToPos(to, 'x', true);
  plot.ctx.fillStyle = fill;
  plot.ctx.fillRect(left, plot.bbox.top, Math.max(1, right - left), plot.bbox.height);
}

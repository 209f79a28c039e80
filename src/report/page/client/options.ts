/** A model in the words of uPlot: scales, ticks, lines. Pure. */
import uPlot from 'uplot';
import type { Line, Model, Scale } from './model.ts';
import { color, line } from './theme.ts';

/** Of `99.9999 %`, in pixels. */
const LABEL_WIDTH = 66;
const FONT = '12px system-ui, sans-serif';
const TIME_STEPS = [
  ...[0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800],
  ...[1, 2, 3, 4, 6, 12, 24, 48, 96, 192].map((hours) => hours * 3600),
];
const BYTE_STEPS = Array.from({ length: 45 }, (_, power) => 2 ** power);

/** Everything of a plot's options that the model says. */
export function drawingOf(model: Model): Pick<uPlot.Options, 'padding' | 'scales' | 'axes' | 'series'> {
  const axis = (of: Scale, side: 1 | 2 | 3): uPlot.Axis => ({
    side,
    stroke: () => color('--muted'),
    font: FONT,
    grid: { show: side !== 1, stroke: () => color('--grid'), width: 1 },
    ticks: { stroke: () => color('--grid'), width: 1, size: 4 },
    values: (_, splits) => splits.map((value) => (value === null ? '' : of.format(value))),
  });
  const { ticks } = model.xScale;
  return {
    padding: [10, model.y2 ? 4 : 32, 0, 0],
    scales: {
      x: { time: false, distr: model.xScale.isLog ? 3 : 1, range: rangeOf(model) },
      y: scaleOf(model.y),
      ...(model.y2 ? { y2: scaleOf(model.y2) } : {}),
    },
    axes: [
      {
        ...axis(model.xScale, 2),
        side: 2,
        space: 56,
        size: 30,
        ...(model.xScale.isSeconds ? { incrs: TIME_STEPS } : {}),
        ...(ticks ? { splits: (plot) => visible(ticks, plot), filter: (_, splits) => splits } : {}),
      },
      {
        ...axis(model.y, 3),
        scale: 'y',
        size: 68,
        ...(model.y.isBytes ? { incrs: BYTE_STEPS } : {}),
        ...(model.y.isLog ? { splits: (_, __, min, max) => logTicks(min, max) } : {}),
      },
      ...(model.y2
        ? [
            {
              ...axis(model.y2, 1),
              scale: 'y2',
              size: 52,
              ...(model.y2.isBytes ? { incrs: BYTE_STEPS } : {}),
            },
          ]
        : []),
    ],
    series: [{}, ...model.lines.map(seriesOf)],
  };
}

function scaleOf({ isLog, range }: Scale): uPlot.Scale {
  if (range) return { distr: isLog ? 3 : 1, range: () => [...range] };
  if (isLog) return { distr: 3 };
  return { range: { min: { soft: 0, mode: 1, pad: 0.05 }, max: { soft: 1, mode: 1, pad: 0.08 } } };
}

/** All of x, and some room where it is one point. */
export function wholeOf({ x, xScale: { range } }: Model): [number, number] {
  const [min, max] = range ?? [x[0] ?? 0, x[x.length - 1] ?? 1];
  return max > min ? [min, max] : [min - 1, min + 1];
}

/** uPlot asks for it whenever x changes: all points mean the whole, anything less is a zoom. */
function rangeOf(model: Model): (plot: uPlot, min: number, max: number) => [number, number] {
  const { x } = model;
  return (_, min, max) => (min <= x[0] && max >= x[x.length - 1] ? wholeOf(model) : [min, max]);
}

function seriesOf({
  label,
  values,
  color: index,
  scale = 'y',
  style = 'line',
  isHidden,
}: Line): uPlot.Series {
  const stroke = () => (index === null ? 'transparent' : line(index));
  return {
    ...{ label, scale, stroke, width: style === 'points' ? 0 : 1.75, spanGaps: true, show: !isHidden },
    ...(style === 'points'
      ? { paths: () => null, points: { show: true, size: 5, fill: stroke, stroke } }
      : { points: { show: isLoneIn(values), size: 5, fill: stroke, stroke } }),
    ...(style === 'dashed' ? { dash: [6, 4] } : {}),
    ...(style === 'steps' ? { paths: uPlot.paths.stepped?.({ align: -1 }) } : {}),
    ...(style === 'area' ? { fill: () => withAlpha(stroke(), 0.14) } : {}),
  };
}

/** A point or two make no line. */
function isLoneIn(values: Line['values']): boolean {
  return values.filter((value) => value !== null).length < 3;
}

export function withAlpha(rgb: string, alpha: number): string {
  return rgb.replace(/^rgb\((.*)\)$/, `rgba($1, ${alpha})`);
}

/** Of a logarithmic scale those that are seen, and whose labels have room. */
function visible(ticks: readonly number[], plot: uPlot): number[] {
  const { min, max } = plot.scales.x as { min: number; max: number };
  // As wide as the plot will be, about: it is not laid out yet.
  const perFactor = (plot.width - 100) / Math.log(max / min);
  let last = Number.NEGATIVE_INFINITY;
  return ticks.filter((tick) => {
    const position = Math.log(tick) * perFactor;
    if (tick < min * (1 - 1e-9) || tick > max * (1 + 1e-9) || position - last < LABEL_WIDTH) return false;
    last = position;
    return true;
  });
}

/** Powers of ten, and 2 and 5 of each where there are few. */
function logTicks(min: number, max: number): number[] {
  const steps = max / min < 500 ? [1, 2, 5] : [1];
  const ticks: number[] = [];
  for (let decade = 10 ** Math.floor(Math.log10(min)); decade <= max; decade *= 10) {
    ticks.push(...steps.map((step) => step * decade).filter((tick) => tick >= min && tick <= max));
  }
  return ticks;
}

export function clipped(plot: uPlot, draw: ((plot: uPlot) => void) | undefined): void {
  if (draw === undefined) return;
  const { ctx, bbox } = plot;
  ctx.save();
  ctx.beginPath();
  ctx.rect(bbox.left, bbox.top, bbox.width, bbox.height);
  ctx.clip();
  draw(plot);
  ctx.restore();
}

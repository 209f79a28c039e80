/**
 * One plot in its figure: uPlot draws it, this adds what is read off it in words, the keyboard, and zooming together with others.
 * It holds the model that is shown; a new one replaces the drawing.
 */
import uPlot from 'uplot';
import { Legend } from './legend.ts';
import { color, line, onTheme } from './theme.ts';

export interface Line {
  readonly label: string;
  readonly values: readonly (number | null)[];
  /** In words, with its unit. */
  readonly format: (value: number) => string;
  /** Of the palette; null draws nothing. */
  readonly color: number | null;
  readonly scale?: 'y' | 'y2';
  readonly style?: 'line' | 'dashed' | 'steps' | 'area' | 'points';
}

export interface Scale {
  readonly format: (value: number) => string;
  readonly isLog?: boolean;
  readonly isBytes?: boolean;
  readonly range?: readonly [number, number];
  readonly label: string;
}

/** Everything that one drawing shows. */
export interface Model {
  readonly x: readonly number[];
  readonly xScale: Scale & { readonly ticks?: readonly number[] };
  readonly y: Scale;
  readonly y2?: Scale;
  readonly lines: readonly Line[];
  /** Where a point lies, in words. */
  readonly at: (index: number) => string;
  /** More to say of a point, or of a row of it. */
  readonly say?: (index: number, row: number | null) => string;
  /** Behind the lines, and over them. */
  readonly under?: (plot: uPlot) => void;
  readonly over?: (plot: uPlot) => void;
  /** Marks that are no lines, for the legend. */
  readonly marks?: readonly { readonly label: string; readonly className: string }[];
  /** The steps that up and down keys take along y, as a factor. */
  readonly rowFactor?: number;
}

const HEIGHT = 300;
const FONT = '12px system-ui, sans-serif';

/** Plots whose x means the same zoom and read together. */
export class Group {
  readonly key: string;
  readonly #plots = new Set<uPlot>();
  #zooming = false;

  constructor(key: string) {
    this.key = key;
  }

  add(plot: uPlot): void {
    this.#plots.add(plot);
  }

  delete(plot: uPlot): void {
    this.#plots.delete(plot);
  }

  zoom(source: uPlot): void {
    const { min, max } = source.scales.x;
    if (this.#zooming || min === undefined || max === undefined) return;
    this.#zooming = true;
    for (const plot of this.#plots) {
      if (plot !== source) plot.setScale('x', { min, max });
    }
    // The others tell of it when their own drawing is due, after this.
    queueMicrotask(() => {
      this.#zooming = false;
    });
  }
}

export class Plot {
  readonly #place: HTMLElement;
  readonly #frame: HTMLElement;
  readonly #legend: Legend;
  readonly #group: Group | null;
  #plot: uPlot | null = null;
  #model: Model | null = null;

  constructor(figure: HTMLElement, title: string, group: Group | null) {
    this.#group = group;
    this.#place = figure.querySelector('.place') as HTMLElement;
    this.#frame = document.createElement('div');
    this.#frame.className = 'frame';
    this.#frame.tabIndex = 0;
    this.#frame.setAttribute('role', 'application');
    this.#frame.setAttribute('aria-roledescription', 'plot');
    this.#frame.setAttribute('aria-label', title);
    this.#frame.setAttribute('aria-describedby', 'help');
    this.#legend = new Legend((index, isShown) => this.#plot?.setSeries(index + 1, { show: isShown }));
    this.#place.append(this.#frame, this.#legend.element);
    this.#frame.addEventListener('keydown', (event) => this.#key(event));
    new ResizeObserver(() => this.#resize()).observe(this.#frame);
    onTheme(() => {
      this.#plot?.redraw(false);
      this.#legend.recolor();
    });
  }

  show(model: Model): void {
    if (this.#plot !== null) {
      this.#group?.delete(this.#plot);
      this.#plot.destroy();
    }
    this.#model = model;
    this.#legend.show(model);
    const data = [[...model.x], ...model.lines.map(({ values }) => [...values])] as uPlot.AlignedData;
    this.#plot = new uPlot(this.#options(model), data, this.#frame);
    this.#group?.add(this.#plot);
  }

  #options(model: Model): uPlot.Options {
    const group = this.#group;
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
      width: this.#width(),
      height: HEIGHT,
      legend: { show: false },
      padding: [10, model.y2 ? 0 : 12, 0, 0],
      scales: {
        x: { time: false, distr: model.xScale.isLog ? 3 : 1, ...rangeOf(model.xScale, model.x) },
        y: scaleOf(model.y),
        ...(model.y2 ? { y2: scaleOf(model.y2) } : {}),
      },
      axes: [
        {
          ...axis(model.xScale, 2),
          side: 2,
          space: 56,
          size: 30,
          ...(ticks ? { splits: (plot) => visible(ticks, plot), filter: (_, splits) => splits } : {}),
        },
        {
          ...axis(model.y, 3),
          scale: 'y',
          size: 68,
          ...(model.y.isBytes ? { incrs: BYTE_STEPS } : {}),
          ...(model.y.isLog ? { filter: wholeDecades } : {}),
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
      cursor: {
        points: { size: 7 },
        y: model.rowFactor !== undefined,
        drag: { x: true, y: false, dist: 6 },
        ...(group
          ? {
              sync: {
                key: group.key,
                scales: ['x', null],
                setSeries: false,
                filters: { pub: (type) => type === 'mousemove' || type === 'mouseleave' },
              },
            }
          : {}),
      },
      hooks: {
        drawAxes: [(plot) => clipped(plot, model.under)],
        draw: [(plot) => clipped(plot, model.over)],
        setCursor: [(plot) => this.#read(plot)],
        setScale: [
          (plot, key) => {
            if (key === 'x') group?.zoom(plot);
          },
        ],
      },
    };
  }

  #read(plot: uPlot): void {
    const { idx, left, top } = plot.cursor;
    const isOver = idx !== null && idx !== undefined && (left ?? -1) >= 0;
    const hasRow = this.#model?.rowFactor !== undefined && (top ?? -1) >= 0;
    this.#legend.read(isOver ? idx : null, hasRow ? plot.posToVal(top as number, 'y') : null);
  }

  #key(event: KeyboardEvent): void {
    const plot = this.#plot;
    if (plot === null || event.ctrlKey || event.metaKey || event.altKey) return;
    const step = event.shiftKey ? 10 : 1;
    if (event.key === 'ArrowRight') this.#move(plot, step, 0);
    else if (event.key === 'ArrowLeft') this.#move(plot, -step, 0);
    else if (event.key === 'ArrowUp' && this.#model?.rowFactor !== undefined) this.#move(plot, 0, step);
    else if (event.key === 'ArrowDown' && this.#model?.rowFactor !== undefined) this.#move(plot, 0, -step);
    else if (event.key === '+' || event.key === '=') this.#zoom(plot, 0.5);
    else if (event.key === '-') this.#zoom(plot, 2);
    else if (event.key === '0' || event.key === 'Home' || event.key === 'Escape') this.#reset(plot);
    else return;
    event.preventDefault();
  }

  /** By points along x, by rows along y. */
  #move(plot: uPlot, points: number, rows: number): void {
    const x = plot.data[0];
    if (x.length === 0) return;
    const isOver = (plot.cursor.left ?? -1) >= 0 && typeof plot.cursor.idx === 'number';
    const [first, last] = [
      plot.valToIdx(plot.scales.x.min as number),
      plot.valToIdx(plot.scales.x.max as number),
    ];
    const from = isOver ? (plot.cursor.idx as number) : points < 0 ? last + 1 : first - 1;
    const index = Math.min(x.length - 1, Math.max(0, from + points));
    this.#pan(plot, x[index]);
    const middle = plot.bbox.height / devicePixelRatio / 2;
    let top = (plot.cursor.top ?? -1) >= 0 ? (plot.cursor.top as number) : middle;
    const factor = this.#model?.rowFactor;
    if (factor !== undefined) top = plot.valToPos(plot.posToVal(top, 'y') * factor ** rows, 'y');
    plot.setCursor({ left: plot.valToPos(x[index], 'x'), top: Math.min(2 * middle, Math.max(0, top)) });
    this.#legend.speak();
  }

  /** Brings a value into what is seen. */
  #pan(plot: uPlot, value: number): void {
    const { min, max } = plot.scales.x as { min: number; max: number };
    if (value >= min && value <= max) return;
    const isLog = this.#model?.xScale.isLog === true;
    const by = value < min ? value : value / max;
    const shift = value < min ? value - min : value - max;
    const limits = isLog
      ? { min: value < min ? by : min * by, max: value < min ? (max * value) / min : value }
      : { min: min + shift, max: max + shift };
    plot.batch(() => plot.setScale('x', limits));
  }

  #zoom(plot: uPlot, factor: number): void {
    const { min, max } = plot.scales.x as { min: number; max: number };
    const isLog = this.#model?.xScale.isLog === true;
    const [into, back] = isLog ? [Math.log, Math.exp] : [(v: number) => v, (v: number) => v];
    const over = plot.cursor.left ?? -1;
    const middle = over >= 0 ? into(plot.posToVal(over, 'x')) : (into(min) + into(max)) / 2;
    const x = plot.data[0];
    const limits = {
      min: Math.max(x[0], back(middle - (middle - into(min)) * factor)),
      max: Math.min(x[x.length - 1], back(middle + (into(max) - middle) * factor)),
    };
    if (!(limits.max > limits.min)) return;
    plot.batch(() => plot.setScale('x', limits));
    if (over >= 0) plot.setCursor({ left: plot.valToPos(back(middle), 'x'), top: plot.cursor.top ?? 0 });
  }

  #reset(plot: uPlot): void {
    const [min, max] = rangeOf(this.#model?.xScale as Scale, plot.data[0] as number[]).range();
    plot.batch(() => plot.setScale('x', { min, max }));
    plot.setCursor({ left: -10, top: -10 });
  }

  #width(): number {
    return Math.max(200, Math.floor(this.#frame.clientWidth));
  }

  #resize(): void {
    const width = this.#width();
    if (this.#plot !== null && this.#plot.width !== width) this.#plot.setSize({ width, height: HEIGHT });
  }
}

const BYTE_STEPS = Array.from({ length: 45 }, (_, power) => 2 ** power);

function scaleOf({ isLog, range }: Scale): uPlot.Scale {
  if (range) return { distr: isLog ? 3 : 1, range: () => [...range] };
  if (isLog) return { distr: 3 };
  return { range: { min: { soft: 0, mode: 1, pad: 0.05 }, max: { soft: 1, mode: 1, pad: 0.08 } } };
}

/** All of x and no more, and some room where it is one point. */
function rangeOf({ range }: Scale, x: readonly number[]): { range: () => [number, number] } {
  const [min, max] = range ?? [x[0] ?? 0, x[x.length - 1] ?? 1];
  return { range: () => (max > min ? [min, max] : [min - 1, min + 1]) };
}

function seriesOf({ label, color: index, scale = 'y', style = 'line' }: Line): uPlot.Series {
  const stroke = () => (index === null ? 'transparent' : line(index));
  return {
    ...{ label, scale, stroke, width: style === 'points' ? 0 : 1.75, spanGaps: true },
    ...(style === 'points'
      ? { paths: () => null, points: { show: true, size: 5, fill: stroke, stroke } }
      : { points: { show: false } }),
    ...(style === 'dashed' ? { dash: [6, 4] } : {}),
    ...(style === 'steps' ? { paths: uPlot.paths.stepped?.({ align: -1 }) } : {}),
    ...(style === 'area' ? { fill: () => withAlpha(stroke(), 0.14) } : {}),
  };
}

export function withAlpha(rgb: string, alpha: number): string {
  return rgb.replace(/^rgb\((.*)\)$/, `rgba($1, ${alpha})`);
}

function visible(ticks: readonly number[], plot: uPlot): number[] {
  const { min, max } = plot.scales.x as { min: number; max: number };
  return ticks.filter((tick) => tick >= min * (1 - 1e-9) && tick <= max * (1 + 1e-9));
}

function wholeDecades(_: uPlot, splits: number[]): (number | null)[] {
  const whole = splits.filter((value) => Number.isInteger(Number(Math.log10(value).toFixed(9))));
  return whole.length >= 2 ? splits.map((value) => (whole.includes(value) ? value : null)) : splits;
}

function clipped(plot: uPlot, draw: ((plot: uPlot) => void) | undefined): void {
  if (draw === undefined) return;
  const { ctx, bbox } = plot;
  ctx.save();
  ctx.beginPath();
  ctx.rect(bbox.left, bbox.top, bbox.width, bbox.height);
  ctx.clip();
  draw(plot);
  ctx.restore();
}

/**
 * One plot in its figure: uPlot draws it, this adds what is read off it in words, the keyboard, and zooming
 * together with others. It holds the model that is shown; a new one replaces the drawing.
 */
import uPlot from 'uplot';
import type { Group } from './group.ts';
import { Legend } from './legend.ts';
import type { Model } from './model.ts';
import { clipped, drawingOf, wholeOf } from './options.ts';
import { onTheme } from './theme.ts';

const HEIGHT = 300;

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
    return {
      width: this.#width(),
      height: HEIGHT,
      legend: { show: false },
      ...drawingOf(model),
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
    const [min, max] = wholeOf(this.#model as Model);
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

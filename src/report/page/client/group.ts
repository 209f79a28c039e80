import type uPlot from 'uplot';

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

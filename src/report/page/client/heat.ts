/** The heat map: uPlot has axes, cursor and zoom, this fills its cells. Pure but for the drawing. */
import type uPlot from 'uplot';
import type { DrawnRun } from '../data.ts';
import { clock, count, duration } from '../format.ts';
import type { Model } from './model.ts';
import { color } from './theme.ts';

/** As many as the style has, from few to many. */
const STEPS = 7;

export function heatModel({ heat, time }: DrawnRun, layer: number): Model {
  const columns = heat.layers[layer].columns;
  const firsts = columns.flatMap((column) => (column.length > 0 ? column[0] : []));
  const ends = columns.flatMap((column) => (column.length > 0 ? column[0] + column.length - 1 : []));
  const [low, high] = firsts.length > 0 ? [Math.min(...firsts), Math.max(...ends)] : [0, 8];
  let most = 1;
  for (const column of columns) for (const cell of column.slice(1)) most = Math.max(most, cell);
  const edge = (row: number) => 10 ** (row / heat.rowsPerDecade);
  const rowAt = (value: number) => Math.floor(Math.log10(value) * heat.rowsPerDecade + 1e-9);
  const cell = (at: number, row: number) =>
    row < columns[at][0] ? 0 : (columns[at][row - columns[at][0] + 1] ?? 0);
  const step = (cells: number) =>
    Math.min(STEPS - 1, Math.floor((Math.log(cells) / Math.log(most + 1)) * STEPS));
  return {
    x: time.from.map((from, at) => (from + time.to[at]) / 2),
    xScale: {
      ...{ format: clock, isSeconds: true },
      range: [time.from[0] ?? 0, time.to[time.to.length - 1] ?? 1],
    },
    y: { format: duration, isLog: true, range: [edge(low), edge(high)] },
    lines: [{ label: 'cells', values: columns.map(() => edge(low)), format: duration, color: null }],
    marks: [{ label: `1 request to ${count(most)}`, className: 'ramp' }],
    rowFactor: edge(1),
    at: (at) => `${clock(time.from[at])} to ${clock(time.to[at])}`,
    say: (at, value) => {
      const row = value === null ? low : Math.min(high - 1, Math.max(low, rowAt(value)));
      return `${duration(edge(row))} to ${duration(edge(row + 1))}: ${count(cell(at, row))} requests`;
    },
    under: (plot: uPlot) => {
      const { ctx } = plot;
      const colors = Array.from({ length: STEPS }, (_, index) => color(`--heat-${index}`));
      for (const [at, column] of columns.entries()) {
        const left = Math.round(plot.valToPos(time.from[at], 'x', true));
        const right = Math.round(plot.valToPos(time.to[at], 'x', true));
        for (let index = 1; index < column.length; index++) {
          if (column[index] === 0) continue;
          const row = column[0] + index - 1;
          const top = Math.round(plot.valToPos(edge(row + 1), 'y', true));
          const bottom = Math.round(plot.valToPos(edge(row), 'y', true));
          ctx.fillStyle = colors[step(column[index])];
          ctx.fillRect(left, top, Math.max(1, right - left), bottom - top);
        }
      }
    },
  };
}

/** The comparison of several runs, and their gates, on a terminal. Pure. */
import { styleText } from 'node:util';
import { escaped, shown } from '../text/escaping.ts';
import type { Change } from './change.ts';
import type { ComparedFigure, Comparison } from './comparison.ts';
import { formatFigure } from './figure-text.ts';
import type { GateResult } from './gate.ts';

/** At least, of what a figure is called. */
const NAME_COLUMNS = 28;
const COLOURS: Readonly<Record<Change, 'green' | 'red' | 'gray'>> = {
  better: 'green',
  worse: 'red',
  noise: 'gray',
  unknown: 'gray',
};

/** Of each run but the first a sentence, and a table of ratios with their spread. */
export function formatComparison({ base, others }: Comparison, stream: NodeJS.WriteStream): string {
  return others
    .map(({ origin, change, sentence, figures }) => {
      const title = styleText('bold', `${shown(origin)} beside ${shown(base)}`, { stream });
      const verdict = styleText(COLOURS[change], change, { stream });
      const width = Math.max(NAME_COLUMNS, ...figures.map(({ name }) => escaped(name).length + 1));
      const head = `  ${''.padEnd(width)}${['base', 'other', 'ratio'].map((cell) => cell.padStart(12)).join('')}  95 % interval\n`;
      return `${title}: ${verdict}. ${escaped(sentence)}\n${head}${figures.map((one) => row(one, width, stream)).join('')}`;
    })
    .join('\n');
}

function row(
  { name, unit, base, other, ratio, spread, change }: ComparedFigure,
  width: number,
  stream: NodeJS.WriteStream,
): string {
  const times = ratio === null ? '-' : `${ratio.toFixed(2)} x`;
  const cells = [formatFigure(base, unit), formatFigure(other, unit), times];
  const between = spread === null ? '' : `${spread[0].toFixed(2)} to ${spread[1].toFixed(2)}`;
  return `  ${escaped(name).padEnd(width)}${cells.map((cell) => cell.padStart(12)).join('')}  ${between.padEnd(16)}${styleText(COLOURS[change], change, { stream })}\n`;
}

export function formatGate({ failed, sentence }: GateResult, stream: NodeJS.WriteStream): string {
  const mark = styleText(failed ? 'red' : 'green', failed ? 'FAILED' : 'passed', { stream });
  return `${mark}  ${escaped(sentence)}\n`;
}

/** What a benchmark file exports, and what it is given. */
import { formatTarget, type Target } from './targets.ts';

export interface Benchmark {
  /** What `npm run bench -- NAME` selects it by. */
  readonly name: string;
  /** One sentence that the tables answer. */
  readonly question: string;
  run(context: Context): Promise<Table[]>;
}

export interface Context {
  /** Timed rounds of each contender; the median counts. */
  readonly rounds: number;
  /** Most files that one batch takes. */
  readonly fileLimit: number;
  /** A folder of audio files, walked; undefined: the piano notes that are installed for the demo. */
  readonly audio: string | undefined;
  /** Progress, to stderr. */
  say(line: string): void;
}

export interface Table {
  readonly title: string;
  readonly columns: readonly string[];
  readonly rows: readonly (readonly (string | number)[])[];
  /** What must be known to read it. */
  readonly notes: readonly string[];
  /** What rows are held to, and whether this run kept it. */
  readonly targets?: readonly Target[];
}

/** Columns are as wide as they need; numbers stand right. */
export function formatTable({ title, columns, rows, notes, targets = [] }: Table): string {
  const cells = [columns, ...rows].map((row) => row.map(String));
  const widths = columns.map((_, column) => Math.max(...cells.map((row) => row[column].length)));
  const line = (row: readonly string[], source: readonly (string | number)[]) =>
    row
      .map((cell, column) =>
        typeof source[column] === 'number' || column > 0
          ? cell.padStart(widths[column])
          : cell.padEnd(widths[column]),
      )
      .join('  ');
  const body = cells.map((row, index) => line(row, index === 0 ? columns : rows[index - 1]));
  body.splice(1, 0, widths.map((width) => '-'.repeat(width)).join('  '));
  const lines = [...notes, ...targets.map(formatTarget)].map((line) => `  ${line}`);
  return [title, '', ...body, ...lines].join('\n');
}

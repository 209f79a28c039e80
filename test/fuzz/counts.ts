/** What was tried, by format, by what was done to it, and by how it ended. */
import { formatBytes } from '../../src/bytes.ts';
import type { Hostile } from './campaign.ts';
import type { Verdict } from './trial.ts';

export class Counts {
  files = 0;
  findings = 0;
  #mostCpuMs = 0;
  #mostGrewBytes = 0;
  readonly #formats = new Map<string, Map<string, number>>();
  readonly #mutations = new Map<string, Map<string, number>>();
  readonly #ways = new Map<string, Map<string, number>>();

  add({ honest, done }: Hostile, { outcomes, broken, cpuMs, grewBytes }: Verdict): void {
    this.files++;
    if (broken.length > 0) this.findings++;
    this.#mostCpuMs = Math.max(this.#mostCpuMs, cpuMs);
    this.#mostGrewBytes = Math.max(this.#mostGrewBytes, grewBytes);
    count(this.#formats, honest, outcomes.file);
    for (const name of new Set(done)) count(this.#mutations, name, outcomes.file);
    for (const [way, outcome] of Object.entries(outcomes)) count(this.#ways, way, outcome);
  }

  text(): string {
    const most = `${Math.round(this.#mostCpuMs)} ms of CPU and ${formatBytes(this.#mostGrewBytes)} more memory`;
    return [
      `${this.files} files, ${this.findings} findings; at the most ${most} for one`,
      ...table('format', this.#formats),
      ...table('what was done', this.#mutations),
      ...table('way', this.#ways),
    ].join('\n');
  }
}

function count(counts: Map<string, Map<string, number>>, row: string, column: string): void {
  const found = counts.get(row) ?? new Map<string, number>();
  counts.set(row, found.set(column, (found.get(column) ?? 0) + 1));
}

function table(title: string, counts: ReadonlyMap<string, ReadonlyMap<string, number>>): string[] {
  const columns = [...new Set([...counts.values()].flatMap((row) => [...row.keys()]))].sort();
  const names = columns.map((column) => column.replace(/^ERR_/, ''));
  const rows = [...counts].sort(([one], [other]) => (one < other ? -1 : 1));
  return [
    `| ${title} | ${names.join(' | ')} |`,
    `|---|${names.map(() => '---|').join('')}`,
    ...rows.map(
      ([name, row]) => `| ${name} | ${columns.map((column) => row.get(column) ?? 0).join(' | ')} |`,
    ),
  ];
}

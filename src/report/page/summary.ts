/**
 * What a reader sees first: verdict, hit rate, latency by cause, memory; of several runs the differences.
 * Pure.
 */
import type { Change } from '../change.ts';
import type { ComparedFigure, Comparison } from '../comparison.ts';
import { formatFigure } from '../figure-text.ts';
import type { CauseData, PageData, RunData } from './data.ts';
import { bytes, clock, count, duration, letterOf, ratio, share } from './format.ts';
import { type Content, type Html, html } from './html.ts';
import { type Column, folded, table } from './table.ts';

export const CAUSE_MEANINGS: Readonly<Record<string, string>> = {
  hit: 'own idle memory',
  mailbox: 'sent by another thread',
  larger: 'a larger idle buffer',
  fresh: 'newly allocated',
  trimmed: 'after freeing idle memory',
  waited: 'waited for others',
  direct: 'over the largest tier',
  refused: 'got none',
};

const MARKS = { ok: '✓', warn: '!', fail: '✕' } as const;
const CHANGE_MARKS: Readonly<Record<Change, string>> = {
  ...{ better: '✓ better', worse: '✕ worse' },
  ...{ noise: '≈ noise', unknown: 'too little to say' },
};

export function summaryOf({ runs, comparison }: PageData): Html {
  if (runs.length === 1) return html`${verdict(runs[0])}${figures(runs[0])}${causes(runs)}`;
  return html`${comparison ? sentences(runs, comparison) : ''}${sideBySide(runs)}${comparison ? ratios(runs, comparison) : ''}${causes(runs)}`;
}

function verdict({ verdict: { state, sentence } }: RunData): Html {
  return html`<p class="verdict ${state}" id="verdict"><span class="mark" aria-hidden="true">${MARKS[state]}</span> <span>${sentence}</span></p>`;
}

function figures({ hits, budget, waits: { allocation }, tasks, seconds }: RunData): Html {
  const of = (title: string, value: Content, beside: Content, id: string) =>
    html`<div id="${id}"><dt>${title}</dt><dd><strong>${value}</strong><span>${beside}</span></dd></div>`;
  const ended = tasks.succeeded + tasks.failed + tasks.cancelled + tasks.lost;
  return html`<dl class="figures">${of('Hit rate', hits.served > 0 ? share(hits.pooled / hits.served) : '–', html`of ${count(hits.served)} requests from pooled memory${hits.refused > 0 ? html`; ${count(hits.refused)} refused` : ''}`, 'hit-rate')}${of('Peak memory', bytes(budget.peakBytes), html`of ${bytes(budget.limitBytes)} budget ${bar(budget.peakBytes / budget.limitBytes)}`, 'peak-memory')}${of('Allocation p99', allocation ? duration(allocation.p99) : '–', allocation ? html`p50 ${duration(allocation.p50)}, max ${duration(allocation.max)}` : 'nothing was timed', 'allocation')}${of('Ran for', clock(seconds), html`${count(ended)} tasks ended${tasks.failed + tasks.lost > 0 ? html`, ${count(tasks.failed + tasks.lost)} of them failed` : ''}`, 'ran-for')}</dl>`;
}

/** A share of 1, drawn; the figure stands beside it. */
function bar(part: number): Html {
  const width = Math.min(100, Math.max(0, part * 100)).toFixed(1);
  return html`<svg class="bar" viewBox="0 0 100 4" preserveAspectRatio="none" aria-hidden="true"><rect class="room" width="100" height="4"/><rect class="used" width="${width}" height="4"/></svg>`;
}

function causes(runs: readonly RunData[]): Html {
  type Row = { readonly cause: CauseData; readonly run: RunData; readonly letter: string };
  const rows = runs.flatMap((run, index) =>
    run.causes.map((cause): Row => ({ cause, run, letter: letterOf(index) })),
  );
  if (runs.length > 1) {
    const order = [...new Set(rows.map(({ cause }) => cause.cause))];
    rows.sort((a, b) => order.indexOf(a.cause.cause) - order.indexOf(b.cause.cause));
  }
  const at = (title: string, of: 'p50' | 'p99' | 'p999' | 'max'): Column<Row> => ({
    title,
    of: ({ cause: { latency } }) => latency && duration(latency[of]),
  });
  const columns: Column<Row>[] = [
    {
      title: 'Served by',
      of: ({ cause }) => html`${cause.cause} <span class="aside">${CAUSE_MEANINGS[cause.cause] ?? ''}</span>`,
    },
    ...(runs.length > 1 ? [{ title: 'Run', of: ({ letter }: Row) => letter }] : []),
    ...[at('p50', 'p50'), at('p99', 'p99'), at('p99.9', 'p999'), at('max', 'max')],
    { title: 'Requests', of: ({ cause }) => count(cause.served) },
  ];
  return html`<div id="causes">${table('Allocation latency by what served the request', columns, rows)}</div>`;
}

function sentences(runs: readonly RunData[], { others }: Comparison): Html {
  return html`<div class="sentences" id="verdict">${others.map(({ sentence, change }, index) => {
    const state = change === 'worse' ? 'fail' : change === 'better' ? 'ok' : 'same';
    const mark = { worse: '✕', better: '✓', noise: '≈', unknown: '?' }[change];
    const letters = runs.length > 2 ? html`<strong>${letterOf(index + 1)} beside A:</strong> ` : '';
    return html`<p class="verdict ${state}"><span class="mark" aria-hidden="true">${mark}</span> <span>${letters}${sentence}</span></p>`;
  })}</div>`;
}

function sideBySide(runs: readonly RunData[]): Html {
  type Row = { readonly run: RunData; readonly index: number };
  const at = (title: string, of: 'p50' | 'p99' | 'p999' | 'max'): Column<Row> => ({
    title,
    of: ({ run }) => run.waits.allocation && duration(run.waits.allocation[of]),
  });
  const columns: Column<Row>[] = [
    {
      title: 'Run',
      of: ({ run, index }) =>
        html`<span class="chip chip-${index % 8}">${letterOf(index)}</span> <bdi>${run.origin}</bdi>`,
    },
    {
      title: 'Health',
      isText: true,
      of: ({ run: { verdict } }) =>
        html`<span class="state ${verdict.state}">${MARKS[verdict.state]} ${verdict.state}</span>`,
    },
    {
      title: 'Hit rate',
      of: ({ run: { hits } }) => (hits.served > 0 ? share(hits.pooled / hits.served) : null),
    },
    ...[at('p50', 'p50'), at('p99', 'p99'), at('p99.9', 'p999'), at('max', 'max')],
    { title: 'Peak memory', of: ({ run: { budget } }) => bytes(budget.peakBytes) },
    { title: 'Budget', of: ({ run: { budget } }) => bytes(budget.limitBytes) },
    { title: 'Ran for', of: ({ run }) => clock(run.seconds) },
  ];
  const rows = runs.map((run, index) => ({ run, index }));
  return html`<div id="side-by-side">${table('Runs beside each other: allocation latency and memory', columns, rows)}</div>`;
}

function ratios(runs: readonly RunData[], { others }: Comparison): Html {
  const columns: Column<ComparedFigure>[] = [
    { title: 'Figure', of: ({ name }) => html`<bdi>${name}</bdi>` },
    { title: 'Base', of: ({ base, unit }) => (base === null ? null : inUnit(base, unit)) },
    { title: 'Other', of: ({ other, unit }) => (other === null ? null : inUnit(other, unit)) },
    { title: 'Ratio', of: (figure) => (figure.ratio === null ? null : ratio(figure.ratio)) },
    {
      title: '95 % of intervals',
      of: ({ spread }) => spread && `${ratio(spread[0])} to ${ratio(spread[1])}`,
    },
    { title: 'p', of: ({ p }) => (p === null ? null : p < 0.001 ? '< 0.001' : p.toFixed(3)) },
    {
      title: 'Change',
      isText: true,
      of: ({ change }) => html`<span class="change ${change}">${CHANGE_MARKS[change]}</span>`,
    },
  ];
  return html`<div id="ratios">${others.map(({ figures }, index) =>
    table(`Ratios: ${letterOf(index + 1)} beside A`, columns, figures),
  )}${folded(
    'How to read the ratios',
    html`<p>The ratio is of the whole runs: over 1 means that the other run has more. The spread says between which ratios the runs’ intervals lie, with 95 % confidence, from ranks; p is how likely such a difference is by chance. What may be chance, or is under 3 % (of a share, under half a point), is called noise. ${runs.length} runs are shown.</p>`,
  )}</div>`;
}

function inUnit(value: number, unit: ComparedFigure['unit']): string {
  if (unit === 'ns') return duration(value);
  if (unit === 'B') return bytes(value);
  if (unit === 'B/s') return `${bytes(value)}/s`;
  if (unit === '/s') return formatFigure(value, unit);
  return unit === 'share' ? share(value) : count(value);
}

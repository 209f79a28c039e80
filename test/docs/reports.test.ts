import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { reportCommand } from '../../src/cli/report.ts';
import { intervalTable } from '../../src/report/interval-table.ts';
import { runDocument } from '../../src/report/run-document.ts';
import { madeLines, textOf } from '../report/made-run.ts';
import { parseRun } from '../report/parse-run.ts';

const text = readFileSync(new URL('../../docs/reports.md', import.meta.url), 'utf8');
const section = (title: string): string => text.split(/^## /m).find((part) => part.startsWith(title)) ?? '';
const run = parseRun('run.millpond', textOf(madeLines({ seconds: 5 })));

describe('the description of reports has', () => {
  it('every option of the command', () => {
    const listed = [...text.matchAll(/^\| `(--[a-z-]+)/gm)].map(([, name]) => name);
    expect(listed).toEqual(reportCommand().options.map(({ long }) => long));
  });

  it('every field of a run in JSON', () => {
    const document = runDocument(run, { byWorker: true, expectedIntervalNs: 1e6 });
    const rows = [...section('JSON').matchAll(/^\| (`.+?) \|/gm)].map(([, names]) => names);
    const listed = rows.flatMap((names) => [...names.matchAll(/`(\w+)`/g)].map(([, name]) => name));
    expect(listed.sort()).toEqual(Object.keys(document).sort());
  });

  it('of which columns there are more where a run has several jobs', () => {
    const jobs = ['transcode', 'analyze'];
    const several = parseRun('run.millpond', textOf(madeLines({ seconds: 5, jobs })));
    const [[before], [head]] = [run, several].map((one) => intervalTable([one]).split('\n'));
    const added = head.split(',').slice(before.split(',').length);
    const told = /the columns ((?:`\w+_\.\.\.`(?:, | and )?)+) come again/.exec(text)?.[1] ?? '';
    const prefixes = [...told.matchAll(/`(\w+)\.\.\.`/g)].map(([, prefix]) => prefix);
    const again = before.split(',').filter((name) => prefixes.some((prefix) => name.startsWith(prefix)));
    expect(added).toEqual(jobs.flatMap((job) => again.map((name) => `${name}(${job})`)));
    for (const [, column] of text.matchAll(/`(\w+\(\w+\))`/g)) {
      if (column.startsWith('p99(')) continue;
      expect(added).toContain(column);
    }
  });

  it('every column of the table, those that come by the dozen by their first and last', () => {
    const [head] = intervalTable([run]).split('\n');
    const table = section('Table of intervals');
    const cells = [...table.matchAll(/^\| (`.+?) \|/gm)].map(([, names]) => names).join(' ');
    const listed = [...cells.matchAll(/`(\w+)(\.\.\.)?`/g)].map(([, name, more]) => {
      return (column: string) =>
        more !== undefined
          ? column.startsWith(name)
          : name.startsWith('_')
            ? column.endsWith(name)
            : column === name;
    });
    const columns = head.split(',');
    const byDozens = /^served_|^(small|medium|large|direct)_(used|available)_bytes$/;
    const unknown = columns.filter((column) => !byDozens.test(column) && !listed.some((is) => is(column)));
    expect(unknown).toEqual([]);
    expect(listed.filter((is) => !columns.some(is))).toEqual([]);
  });
});

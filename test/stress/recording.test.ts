import { mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { encodeSparse } from '../../src/report/encoded-histogram.ts';
import { cutOfSeries } from '../../src/report/histograms.ts';
import { LIMITS } from '../../src/report/limits.ts';
import { readRun } from '../../src/report/read-run.ts';
import type { RecordingLine } from '../../src/telemetry/recording/lines.ts';
import { madeLines, textOf } from '../report/made-run.ts';
import { messageOf } from '../report/refused.ts';

const folder = mkdtempSync(join(tmpdir(), 'millpond-limits-'));
afterAll(() => rmSync(folder, { recursive: true }));

function write(name: string, content: string | Uint8Array): string {
  const path = join(folder, name);
  writeFileSync(path, content);
  return path;
}

const lines = madeLines({ seconds: 40 });

describe('a recording is bounded', () => {
  it('in its size', async () => {
    const path = write('large.millpond', '{');
    truncateSync(path, LIMITS.fileBytes + 1);
    await expect(readRun(path)).rejects.toThrow(
      /^So that a report takes bounded memory, a recording has 256 MiB at most; .*large\.millpond has more\. Record/,
    );
  });

  it('in the length of a line', async () => {
    const path = write('wide.millpond', '{');
    truncateSync(path, LIMITS.lineBytes + 2);
    await expect(readRun(path)).rejects.toThrow(/a line has 16 MiB at most/);
  });

  it('in its lines', () => {
    const recording = textOf([lines[0]]) + '{"kind":"-"}\n'.repeat(LIMITS.lines);
    expect(messageOf(recording)).toMatch(/a recording has 1000000 lines at most/);
  });

  it('in the number of its histograms', () => {
    const small = encodeSparse([7, 1], cutOfSeries('queue'));
    const line = (at: number, count: number, histogram: string) =>
      JSON.stringify({
        ...lines[1],
        from: at,
        to: at,
        series: Array(count).fill(['queue', 0, histogram, 1, 1]),
      });
    // Those of the last are not even looked at.
    const tenth = LIMITS.series / 10;
    const whole = [1, 2, 3].map((at) => line(at, tenth, small));
    const recording = [JSON.stringify(lines[0]), ...whole, line(4, 7 * tenth + 1, ''), ''].join('\n');
    expect(messageOf(recording)).toMatch(/a recording has 1000000 histograms at most/);
  });

  it('in the entries of its lists', () => {
    const moves = JSON.stringify(Array(500_000).fill(['quota', 'small', 1, 2, 3]));
    const line = JSON.stringify({ ...lines[1], series: [], from: 1, to: 1, moves: [] });
    const full = line.replace('"moves":[]', `"moves":${moves}`);
    expect(messageOf(`${JSON.stringify(lines[0])}\n${`${full}\n`.repeat(8)}`)).toMatch(
      /the intervals of a recording have 4000000 shards, moves and tasks at most/,
    );
  });

  it('in what its histograms unpack to', () => {
    const cut = cutOfSeries('queue');
    const full = encodeSparse(Array.from({ length: cut.length }, (_, index) => [index, 1]).flat(), cut);
    const series = Array(Math.ceil(LIMITS.counts / cut.length) + 1).fill(['queue', 0, full, 1, 1]);
    const recording = textOf([lines[0], { ...lines[1], series } as unknown as RecordingLine]);
    expect(recording.length).toBeLessThan(2 ** 20);
    expect(messageOf(recording)).toMatch(/the histograms of a recording have 20000000 counts at most/);
  });

  it('in the depth of its values', () => {
    const deep = '['.repeat(2_000_000);
    expect(messageOf(`${textOf([lines[0]])}${deep}\n`)).toMatch(/^Line 2 .* not one JSON object/);
    expect(
      messageOf(`${textOf([lines[0]])}{"kind":"interval","from":${deep}${deep.replaceAll('[', ']')}}\n`),
    ).toMatch(/^Line 2 /);
  });
});

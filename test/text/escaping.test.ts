import { PassThrough } from 'node:stream';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { formatNotes } from '../../src/batch/summary.ts';
import { render } from '../../src/cli/watch-view.ts';
import { compareRuns } from '../../src/report/comparison.ts';
import { formatComparison, formatGate } from '../../src/report/comparison-summary.ts';
import { parseGate } from '../../src/report/gate.ts';
import { empty, foreign, valueText } from '../../src/report/invalid-recording.ts';
import { runDocument } from '../../src/report/run-document.ts';
import { formatRun } from '../../src/report/summary.ts';
import { createLog } from '../../src/telemetry/log.ts';
import { resolveRecord } from '../../src/telemetry/recording/record-options.ts';
import { escaped, escapedLines, jsonText, shortened, shown } from '../../src/text/escaping.ts';
import { madeLines, textOf } from '../report/made-run.ts';
import { parseRun } from '../report/parse-run.ts';
import { snapshotWith } from '../telemetry/snapshot-fixture.ts';
import { hostileText, unsafeIn, unsafeInLines } from './hostile.ts';

/** No terminal, so without colours of ours: nothing that is obeyed may be left. */
const stream = new PassThrough() as unknown as NodeJS.WriteStream;

describe('text that is anybody’s', () => {
  it('is shown on one line, and cannot speak to the terminal', () => {
    expect(shown('evil/a\u001b[31mRED\u0007\nnew\u009b.wav')).toBe(
      'evil/a\\u001b[31mRED\\u0007\\u000anew\\u009b.wav',
    );
    expect(escaped('a\u202eb\u061c\ud800c\u{1f3b9}\u200d')).toBe('a\\u202eb\\u061c\\ud800c\u{1f3b9}\u200d');
    expect(escapedLines('a\nb\r\n')).toBe('a\nb\\u000d\n');
    expect(jsonText('a"\u009b\n')).toBe('"a\\"\\u009b\\n"');
  });

  it('is the same when it is escaped twice', () => {
    fc.assert(fc.property(hostileText, (text) => void expect(escaped(escaped(text))).toBe(escaped(text))));
  });

  it('is the same value in JSON', () => {
    fc.assert(
      fc.property(hostileText, (text) => {
        const json = jsonText({ [text]: [text] });
        expect(unsafeIn(json)).toEqual([]);
        expect(JSON.parse(json)).toEqual({ [text]: [text] });
      }),
    );
    expect(jsonText(undefined)).toBe('undefined');
  });

  it('is shortened by whole characters, and marked', () => {
    expect(shortened('abc', 3)).toBe('abc');
    expect(shortened('abcd', 3)).toBe('abc…');
    expect(shortened('ab\u{1f3b9}d', 3)).toBe('ab…');
  });
});

describe('no name gets through', () => {
  const lines = madeLines({ seconds: 5, crashed: true });

  /** A recording with the text wherever a recording has one. */
  function hostileRun(text: string) {
    const changed = lines.map((line) => {
      if (line.kind === 'header') {
        const versions = { millpond: text, node: text, v8: text };
        return { ...line, label: text, versions, machine: { ...line.machine, cpu: text, system: text } };
      }
      if (line.kind !== 'interval') return line;
      return { ...line, slowest: [[text, 1, 0, 5, 9e15, 'failed'] as const] };
    });
    const lost = { kind: 'worker-lost', at: 10, shard: 2, exitCode: 1, task: text } as const;
    return parseRun(text, textOf([...changed, lost]));
  }

  it.each<[string, (text: string) => string]>([
    ['escaped', escaped],
    ['jsonText', jsonText],
    ['shown', shown],
    ['a note', (text) => formatNotes([{ file: text, message: text }])[0]],
    ['a value of a recording', valueText],
    ['the beginning of what is no recording', (text) => foreign(text, text).message],
    ['an empty recording', (text) => empty(text).message],
    [
      'a gate',
      (text) => formatGate({ gate: text, origin: text, failed: true, sentence: text }, stream).trim(),
    ],
    ['where a recording should go', (text) => messageOf(() => resolveRecord(`${text}\0`))],
  ])('by %s', (_name, format) => {
    fc.assert(fc.property(hostileText, (text) => void expect(unsafeIn(format(text))).toEqual([])));
  });

  it.each<[string, (text: string) => string]>([
    ['escapedLines', escapedLines],
    ['a wrong gate', (text) => messageOf(() => parseGate(text))],
    ['a wrong part of a gate', (text) => messageOf(() => parseGate(`p99(${text}) > 1`))],
    ['a gate without a bracket', (text) => messageOf(() => parseGate(`p99(fresh ${text}`))],
    ['the end of a gate', (text) => messageOf(() => parseGate(`p99(fresh) > 1ms ${text}`))],
  ])('by %s', (_name, format) => {
    fc.assert(fc.property(hostileText, (text) => void expect(unsafeInLines(format(text))).toEqual([])));
  });

  it('by the report of a run, and no line is its own', () => {
    const settings = { byWorker: true, expectedIntervalNs: null };
    const plain = formatRun(runDocument(hostileRun('plain'), settings), stream).split('\n').length;
    fc.assert(
      fc.property(hostileText, (text) => {
        const report = formatRun(runDocument(hostileRun(text), settings), stream);
        expect(unsafeInLines(report)).toEqual([]);
        expect(report.split('\n').length).toBe(plain);
      }),
      { numRuns: 30 },
    );
  });

  it('by a comparison', () => {
    fc.assert(
      fc.property(hostileText, (text) => {
        const comparison = compareRuns([hostileRun('plain'), hostileRun(text)]);
        expect(unsafeInLines(formatComparison(comparison, stream))).toEqual([]);
      }),
      { numRuns: 20 },
    );
  });

  it('by a line of the log, of which the JSON stays the same', () => {
    fc.assert(
      fc.property(hostileText, (text) => {
        const written: string[] = [];
        const log = createLog({ destination: { write: (line) => void written.push(line) } });
        log.write({ event: 'leak', task: text, leases: 1, bytes: 1 });
        expect(written.map(unsafeInLines)).toEqual([[]]);
        expect(JSON.parse(written[0]).task).toBe(text);
      }),
    );
  });

  it('by the live view', () => {
    const progress = {
      doneSeconds: 1,
      totalSeconds: 2,
      files: 1,
      failed: 0,
      totalFiles: 2,
      elapsedSeconds: 1,
    };
    const { recent } = snapshotWith().decisions;
    fc.assert(
      fc.property(hostileText, (reason) => {
        const snapshot = snapshotWith({ decisions: { recent: [{ ...recent[0], reason }] } });
        const view = render(snapshot, progress, { columns: 200, rows: 40, colour: false });
        expect(unsafeInLines(view)).toEqual([]);
      }),
    );
  });
});

function messageOf(action: () => unknown): string {
  try {
    action();
  } catch (error) {
    return (error as Error).message;
  }
  return '';
}

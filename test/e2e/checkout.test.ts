import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { readRun } from '../../src/report/read-run.ts';
import { filesUnder, scratch, sourceBin, startProgram } from './millpond.ts';
import { tonesIn } from './tones.ts';

const at = scratch();
const folderOfTones = tonesIn(at);

it('the command of a checkout runs from its sources: workers, a recording, a report and its page', async () => {
  const millpond = (...args: string[]) => startProgram(process.execPath, [...sourceBin, ...args]).ended;
  const input = folderOfTones('in', ['x.wav', 'y.wav']);
  const recording = at('run.millpond');
  const run = await millpond(
    ...['transcode', input, '--to', 'mp3', '--out', at('out'), '--quiet', '--record', recording],
  );
  expect(run).toMatchObject({ code: 0, stderr: '' });
  expect(filesUnder(at('out'))).toEqual(['x.mp3', 'y.mp3']);
  expect((await readRun(recording)).end?.snapshot.tasks.succeeded).toBe(2);
  const report = await millpond('report', recording, '--html', at('report.html'));
  expect(report.code).toBe(0);
  expect(readFileSync(at('report.html'), 'utf8')).toMatch(/<script>.*uPlot.*<\/html>\s*$/s);
});

import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { filesUnder, millpond, pianoReleases, scratch } from '../e2e/millpond.ts';

const at = scratch();

it('the demo does its 118 piano samples, again and again', async () => {
  for (let round = 0; round < 2; round++) {
    const { code, stdout } = await millpond('demo', '--out', at('demo'), '--json');
    expect(code).toBe(0);
    const report = JSON.parse(stdout);
    expect(report).toMatchObject({
      command: 'demo',
      files: { total: 118, ok: 118, failed: 0 },
      budget: { endBytes: 0 },
    });
    expect(report.audioSeconds).toBeGreaterThan(400);
  }
  const others = filesUnder(at('demo')).filter((file) => !file.endsWith('.flac'));
  expect(others).toEqual(['report.html', 'run.millpond']);
  expect(filesUnder(at('demo'))).toHaveLength(118 + others.length);
  expect(readFileSync(at('demo', 'report.html'), 'utf8')).toContain('118 tasks ended');
  expect(filesUnder(pianoReleases).length).toBeGreaterThan(87);
});

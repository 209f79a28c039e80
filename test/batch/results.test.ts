import { execFileSync } from 'node:child_process';
import { appendFileSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Ending } from '../../src/batch/endings.ts';
import { ResultsFile, resultLine } from '../../src/batch/results.ts';

const file = { input: '/in/a\udcff\n.wav', output: '/out/a.flac', bytes: 44 };
const done: Ending = {
  ...{ ...file, state: 'done', callMs: 12.5, notes: ['quiet', 'kept'] },
  result: { frames: 8000, seconds: 1, bytesWritten: 99, workMs: 10.25, sha256: 'ab', warnings: ['quiet'] },
};

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'millpond-results-'));
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

describe('a line', () => {
  const nothing = {
    ...{ schema: 'millpond.result/1', ...file, bytes: undefined, inputBytes: 44 },
    ...{
      copied: false,
      deleted: false,
      reason: null,
      code: null,
      message: null,
      frames: null,
      seconds: null,
      outputBytes: null,
    },
    ...{ queuedSeconds: null, workSeconds: null, notes: [], sha256: null },
  };

  it.each<[Ending, object]>([
    [
      done,
      {
        ...{ state: 'done', frames: 8000, seconds: 1, outputBytes: 99 },
        ...{ queuedSeconds: 0.00225, workSeconds: 0.01025, notes: ['quiet', 'kept'], sha256: 'ab' },
      },
    ],
    [
      { ...file, state: 'done', callMs: 1, notes: [], result: { seconds: 2, workMs: 1.5, warnings: [] } },
      // Two clocks: neither time is below zero.
      { state: 'done', seconds: 2, queuedSeconds: 0, workSeconds: 0.0015 },
    ],
    [
      { ...file, state: 'failed', code: 'ERR_AUDIO_OPEN', message: 'No.', callMs: null },
      { state: 'failed', code: 'ERR_AUDIO_OPEN', message: 'No.' },
    ],
    [
      { ...file, state: 'skipped', reason: 'exists' },
      { state: 'skipped', reason: 'exists' },
    ],
    [{ ...file, state: 'cancelled' }, { state: 'cancelled' }],
  ])('has every field, whatever came of the file', (ending, expected) => {
    const line = resultLine(ending);
    expect(line.indexOf('\n')).toBe(line.length - 1);
    expect(line).toContain('"/in/a\\udcff\\n.wav"');
    expect(JSON.parse(line)).toEqual({ ...nothing, ...expected });
  });

  it('has the fields of docs/results.md, in that order', () => {
    const text = readFileSync(new URL('../../docs/results.md', import.meta.url), 'utf8');
    const fields = Array.from(text.matchAll(/^\| `(\w+)` \|/gm), ([, field]) => field);
    expect(Object.keys(JSON.parse(resultLine(done)))).toEqual(fields);
  });
});

describe('a file of results', () => {
  it('has each line at once, and goes on behind what is there', () => {
    const path = join(root, 'results');
    for (let run = 1; run <= 2; run++) {
      using results = new ResultsFile(path);
      results.write(done);
      expect(readFileSync(path, 'utf8')).toBe(resultLine(done).repeat(run));
    }
  });

  it('begins a line of its own behind one that a kill cut off', () => {
    const path = join(root, 'results');
    writeFileSync(path, resultLine(done) + resultLine(done).slice(0, 50));
    using results = new ResultsFile(path);
    results.write(done);
    const lines = readFileSync(path, 'utf8').split('\n');
    expect([lines.length, `${lines[2]}\n`]).toEqual([4, resultLine(done)]);
  });

  it('is not one that holds something else', () => {
    const path = join(root, 'song.wav');
    for (const text of ['RIFF', '{"schema":"millpond.run/1"}']) {
      writeFileSync(path, text);
      expect(() => new ResultsFile(path)).toThrow(expect.objectContaining({ code: 'ERR_OUTPUT_WRITE' }));
      expect(readFileSync(path, 'utf8')).toBe(text);
    }
  });

  it('is no folder, and no pipe, which nobody waits for', () => {
    execFileSync('mkfifo', [join(root, 'pipe')]);
    for (const path of [root, join(root, 'pipe'), join(root, 'none/results')]) {
      expect(() => new ResultsFile(path)).toThrow(expect.objectContaining({ code: 'ERR_OUTPUT_WRITE' }));
    }
    expect(existsSync(join(root, 'none'))).toBe(false);
  });

  it('takes nothing once it is closed', () => {
    const path = join(root, 'results');
    const results = new ResultsFile(path);
    results[Symbol.dispose]();
    expect(() => results.write(done)).toThrow(/EBADF|out of range|fd/);
    appendFileSync(path, '');
    expect(readFileSync(path, 'utf8')).toBe('');
  });
});

import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { fileMaker, TooLateToBegin } from '../../src/cluster/make-file.ts';
import type { Runner } from '../../src/runtime/runner.ts';
import { machineMs } from '../../src/timers.ts';
import { RECORD } from './stand.ts';

it('a file that is copied is not begun later than it may', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'millpond-copied-'));
  try {
    const input = join(folder, 'notes.txt');
    writeFileSync(input, 'words');
    mkdirSync(join(folder, 'work'));
    // What is copied needs no runner.
    const maker = fileMaker(null as unknown as Runner);
    const make = (beginByMs: number) =>
      maker.make({
        ...{ record: RECORD, folder, refusals: 0, signal: new AbortController().signal, beginByMs },
        file: { input, output: 'copy.txt', bytes: 5, estimatedSeconds: 0, replaces: false, isOther: true },
        aside: join(folder, 'work', '0'),
      });
    await expect(make(machineMs())).rejects.toBeInstanceOf(TooLateToBegin);
    expect(existsSync(join(folder, 'copy.txt'))).toBe(false);
    expect((await make(machineMs() + 60_000)).line).toMatchObject({ state: 'done', outputBytes: 5 });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});

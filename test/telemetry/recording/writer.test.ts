import { execFileSync } from 'node:child_process';
import { linkSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { RecordingFile } from '../../../src/telemetry/recording/writer.ts';
import { madeLines, textOf } from '../../report/made-run.ts';
import { parseRun } from '../../report/parse-run.ts';

const folder = mkdtempSync(join(tmpdir(), 'millpond-writer-'));
afterAll(() => rmSync(folder, { recursive: true }));
const at = (name: string): string => join(folder, name);
const never = (reason: string): never => {
  throw new Error(reason);
};
const lines = madeLines({ seconds: 3 });

describe('the file of a recording', () => {
  it('holds each line as soon as it is written', () => {
    const file = new RecordingFile(at('new'), never);
    for (const [index, line] of lines.entries()) {
      file.write(line);
      expect(readFileSync(at('new'), 'utf8')).toBe(textOf(lines.slice(0, index + 1)));
    }
    file.close();
    file.write(lines[0]);
    expect(parseRun('new', readFileSync(at('new'), 'utf8')).intervals).toHaveLength(3);
  });

  it('replaces an older recording, also one that a crash cut off, and an empty file', () => {
    const text = textOf(lines);
    for (const [name, held] of [
      ['whole', text],
      ['cut', text.slice(0, 1000)],
      ['empty', ''],
    ]) {
      writeFileSync(at(name), held);
      const file = new RecordingFile(at(name), never);
      file.write(lines[0]);
      file.close();
      expect(readFileSync(at(name), 'utf8')).toBe(textOf([lines[0]]));
    }
  });

  it.each([
    'RIFF....WAVE',
    '{"kind":"header"}\n',
    '{"kind":"header","format":"another.recording"}\n',
  ])('replaces nothing else, under whatever name it is there: %j', (held) => {
    writeFileSync(at('other'), held);
    symlinkSync(at('other'), at('symbolic'));
    linkSync(at('other'), at('hard'));
    for (const name of ['other', 'symbolic', 'hard']) {
      expect(() => new RecordingFile(at(name), never)).toThrow(
        expect.objectContaining({
          code: 'ERR_OUTPUT_WRITE',
          message: expect.stringContaining('holds something else'),
        }),
      );
    }
    expect(readFileSync(at('other'), 'utf8')).toBe(held);
    rmSync(at('symbolic'));
    rmSync(at('hard'));
  });

  it('is refused where it cannot be made: a folder, a folder that is not there, a pipe that nobody reads', () => {
    mkdirSync(at('folder'));
    execFileSync('mkfifo', [at('pipe')]);
    for (const path of ['folder', 'nowhere/run.millpond', 'pipe'].map(at)) {
      expect(() => new RecordingFile(path, never)).toThrow(
        expect.objectContaining({ code: 'ERR_OUTPUT_WRITE', message: expect.stringContaining(`'${path}'`) }),
      );
    }
  });
});

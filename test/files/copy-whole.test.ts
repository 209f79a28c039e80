import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { copyWhole } from '../../src/files/copy-whole.ts';

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'millpond-copy-'));
  mkdirSync(at('out'));
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

const at = (...parts: string[]) => join(root, ...parts);
const copy = (from: string, to: string, overwrite = true, signal = new AbortController().signal) =>
  copyWhole(at(from), at('out', to), { overwrite, signal });

describe('a copy', () => {
  it.runIf(process.platform === 'linux')(
    'has the bytes, the mode and the times, and is never older',
    async () => {
      writeFileSync(at('cover.jpg'), Buffer.alloc(300_000, 'x'));
      chmodSync(at('cover.jpg'), 0o4640);
      execFileSync('touch', ['-d', '2020-01-02 03:04:05.123456789', at('cover.jpg')]);
      expect(await copy('cover.jpg', 'cover.jpg')).toBe(300_000);
      expect(readFileSync(at('out/cover.jpg')).equals(readFileSync(at('cover.jpg')))).toBe(true);
      const [source, copied] = ['cover.jpg', 'out/cover.jpg'].map((name) =>
        statSync(at(name), { bigint: true }),
      );
      expect(copied.mode & 0o7777n).toBe(0o640n);
      const late = copied.mtimeNs - source.mtimeNs;
      expect([late >= 0n, late < 3000n]).toEqual([true, true]);
      expect(readdirSync(at('out'))).toEqual(['cover.jpg']);
    },
  );

  it('is of what a link leads to, and replaces what is there only if it may', async () => {
    writeFileSync(at('a.cue'), 'a');
    utimesSync(at('a.cue'), 1, 1);
    symlinkSync(at('a.cue'), at('linked.cue'));
    await copy('linked.cue', 'a.cue');
    writeFileSync(at('a.cue'), 'b');
    await expect(copy('a.cue', 'a.cue', false)).rejects.toMatchObject({ code: 'ERR_OUTPUT_EXISTS' });
    expect(readFileSync(at('out/a.cue'), 'utf8')).toBe('a');
    await copy('a.cue', 'a.cue');
    expect(readFileSync(at('out/a.cue'), 'utf8')).toBe('b');
  });

  it('is made of regular files alone, and waits for no pipe', async () => {
    execFileSync('mkfifo', [at('pipe')]);
    symlinkSync('/dev/zero', at('endless'));
    for (const name of ['pipe', 'endless', 'out', 'none']) {
      await expect(copy(name, 'x')).rejects.toMatchObject({ code: 'ERR_AUDIO_OPEN' });
    }
    expect(readdirSync(at('out'))).toEqual([]);
  });

  it('leaves nothing half-written where it is cancelled or has no place', async () => {
    writeFileSync(at('a'), 'a');
    await expect(copy('a', 'a', true, AbortSignal.abort(new Error('enough')))).rejects.toThrow('enough');
    await expect(copy('a', 'none/a')).rejects.toMatchObject({ code: 'ERR_OUTPUT_WRITE' });
    expect(readdirSync(at('out'))).toEqual([]);
  });
});

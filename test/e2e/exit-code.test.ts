/** How the command ends where nothing is wrong with its arguments: with 1, and a plain word. */
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { writeWav } from '../audio/wav.ts';
import { madeLines, textOf } from '../report/made-run.ts';
import { bin, filesUnder, millpond, scratch, start, startProgram, tone } from './millpond.ts';

const at = scratch();

function tones(name: string): string {
  mkdirSync(at(name), { recursive: true });
  writeWav(at(name, 'x.wav'), [tone(80_000)]);
  return at(name);
}

function run(name: string): string {
  writeFileSync(at(name), textOf(madeLines({ seconds: 5 })));
  return at(name);
}

describe('the command ends with 1', () => {
  it.runIf(existsSync('/dev/full'))('where a disk is full, for a report', async () => {
    const { code, stdout, stderr } = await millpond('report', run('a.millpond'), '--hlog', '/dev/full');
    expect([code, stdout]).toEqual([1, '']);
    expect(stderr).toMatch(/^millpond: .*'\/dev\/full': ENOSPC.*Check the folder.* \(ERR_OUTPUT_WRITE\)\n$/);
  });

  it.runIf(existsSync('/dev/full'))('where a disk is full, for the text of a report', async () => {
    const command = [process.execPath, ...bin, 'report', run('b.millpond')];
    const { code, stderr } = await startProgram('sh', ['-c', '"$0" "$@" > /dev/full', ...command]).ended;
    expect([code, stderr]).toEqual([1, expect.stringMatching(/^millpond: .* could not be written: ENOSPC/)]);
  });

  it('where a disk is full, for a page, which leaves nothing half-written', async () => {
    // A file may be 16 KiB long, and a write that passes that is cut off, as where a disk fills up.
    const command = [process.execPath, ...bin, 'report', run('c.millpond'), '--html', at('page', 'x.html')];
    mkdirSync(at('page'));
    const limited = ['-c', 'ulimit -f 32; exec "$0" "$@"', ...command];
    const { code, stderr } = await startProgram('sh', limited).ended;
    expect([code, stderr]).toEqual([1, expect.stringMatching(/x\.html': EFBIG.* \(ERR_OUTPUT_WRITE\)\n$/)]);
    expect(filesUnder(at('page'))).toEqual([]);
  });

  it('where a disk is full, for an output, which leaves nothing half-written', async () => {
    const command = [process.execPath, ...bin];
    const args = ['transcode', tones('full'), '--to', 'wav', '--out', at('full-out')];
    const limited = ['-c', 'ulimit -f 32; exec "$0" "$@"', ...command, ...args];
    const { code, stderr } = await startProgram('sh', limited).ended;
    expect([code, stderr]).toEqual([
      1,
      expect.stringMatching(/^failed: .*x\.wav: .*\(ERR_OUTPUT_WRITE\)\n$/),
    ]);
    expect(filesUnder(at('full-out'))).toEqual([]);
  });

  it('where a recording cannot be made', async () => {
    const args = ['transcode', tones('in'), '--to', 'flac', '--out', at('out')];
    mkdirSync(at('folder.millpond'));
    const { code, stderr } = await millpond(...args, '--record', at('folder.millpond'));
    expect([code, stderr]).toEqual([
      1,
      expect.stringMatching(/^millpond: --record \S+folder\.millpond: .*EISDIR.*\(ERR_OUTPUT_WRITE\)\n$/),
    ]);
  });

  it('where a worker cannot start', async () => {
    writeFileSync(
      at('broken.cjs'),
      "if (!require('node:worker_threads').isMainThread) throw new Error('no worker here');",
    );
    const args = ['transcode', tones('in'), '--to', 'flac', '--out', at('out')];
    const { ended } = start(args, { NODE_OPTIONS: `--require ${at('broken.cjs')}` });
    const { code, stderr } = await ended;
    expect([code, stderr]).toEqual([1, expect.stringMatching(/no worker here.*\(ERR_WORKER_BOOTSTRAP\)\n$/)]);
  });

  it('by what nobody expected, with its stack', async () => {
    const broken = "Map.groupBy = () => { throw new TypeError('out of the blue\\u009b'); };";
    writeFileSync(at('unexpected.cjs'), broken);
    const { ended } = start(['report', run('d.millpond')], {
      NODE_OPTIONS: `--require ${at('unexpected.cjs')}`,
    });
    const { code, stderr } = await ended;
    expect([code, stderr]).toEqual([
      1,
      expect.stringMatching(/^millpond: TypeError: out of the blue\\u009b\n {4}at /),
    ]);
  });
});

it('the help of each command says what its exit codes mean', async () => {
  for (const args of [['--help'], ['report', '--help'], ['health', '--help']]) {
    const { stdout } = await millpond(...args);
    expect(stdout).toMatch(/^Exit codes: 0 .*, 1 .*, 2 wrong usage/m);
  }
});

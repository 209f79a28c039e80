/** Names of files are anybody's: whatever they hold, they are one line and no command to the terminal. */
import { chmodSync, mkdirSync, readdirSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { writeWav } from '../audio/wav.ts';
import { madeLines, textOf } from '../report/made-run.ts';
import { unsafeInLines } from '../text/hostile.ts';
import { bin, type Ended, millpond, scratch, startProgram, tone } from './millpond.ts';

const at = scratch();

const EVIL = 'a\u001b[2J\u0007\u009b31m\u202egnp\u2028\nmillpond: all is well';
const ESCAPED = 'a\\u001b[2J\\u0007\\u009b31m\\u202egnp\\u2028\\u000amillpond: all is well';

function folder(name: string): string {
  mkdirSync(at(name), { recursive: true });
  return at(name);
}

function sound(...parts: string[]): string {
  writeWav(at('plain.wav'), [tone()], { rate: 8000 });
  renameSync(at('plain.wav'), at(...parts));
  return at(...parts);
}

function transcode(...more: string[]): Promise<Ended> {
  return millpond('transcode', '--to', 'flac', '--threads', '1', '--redo', '--out', at('out'), ...more);
}

/** @param lines of stderr */
function expectPlain({ stdout, stderr }: Ended, lines: number): void {
  expect(unsafeInLines(stdout + stderr)).toEqual([]);
  expect(stderr).toContain(ESCAPED);
  expect(stderr.split('\n').length - 1).toBe(lines);
}

describe('a hostile name', () => {
  it('in a clash of outputs', async () => {
    folder('clash');
    sound('clash', `${EVIL}.wav`);
    sound('clash', `${EVIL}.aiff`);
    const ended = await transcode(at('clash'));
    expect(ended).toMatchObject({ code: 1, stderr: expect.stringContaining('ERR_OUTPUT_CLASH') });
    expectPlain(ended, 1);
  });

  it('in a clash with an input, and with a recording', async () => {
    folder('self');
    const input = sound('self', `${EVIL}.flac`);
    const onto = await millpond('transcode', input, '--to', 'flac', '--out', at('self'));
    expect(onto).toMatchObject({ code: 1, stderr: expect.stringContaining('never overwrites an input') });
    expectPlain(onto, 1);
    const recorded = await transcode(input, '--record', input);
    expect(recorded).toMatchObject({ code: 2, stderr: expect.stringContaining('--record ') });
    expectPlain(recorded, 1);
  });

  it('of a file that is missing, or no audio, which JSON has as it is', async () => {
    folder('bad');
    writeFileSync(at('bad', `${EVIL}.wav`), 'no sound in here');
    const ended = await transcode(at('bad'), at(`other ${EVIL}.ogg`), '--json');
    expect(ended.code).toBe(1);
    expectPlain(ended, 2);
    const files = JSON.parse(ended.stdout).failures.map(({ file }: { file: string }) => file);
    expect(files.sort()).toEqual([at(`other ${EVIL}.ogg`), at('bad', `${EVIL}.wav`)].sort());
  });

  it('of a file of which there is something to note', async () => {
    folder('noted');
    sound('noted', `${EVIL}.wav`);
    const ended = await transcode(at('noted'), '--bitrate', '64k');
    expect(ended.code).toBe(0);
    expectPlain(ended, 1);
  });

  it('of a folder without audio, and of one that is a file', async () => {
    folder(EVIL);
    const empty = await transcode(at(EVIL));
    expect(empty.code).toBe(2);
    expectPlain(empty, 1);
    writeFileSync(at(`${EVIL} file`), '');
    const input = sound('fine.wav');
    const ended = await millpond('transcode', input, '--to', 'flac', '--out', at(`${EVIL} file`));
    expect(ended.code).toBe(1);
    expectPlain(ended, 1);
  });

  it.runIf(process.platform === 'linux')('of a folder that cannot be read', async () => {
    mkdirSync(join(folder('locked'), EVIL));
    chmodSync(at('locked', EVIL), 0);
    const command = [...bin, 'transcode', at('locked'), '--to', 'flac', '--out', at('unlocked')];
    // To root no folder is forbidden, but without these rights.
    const unlike =
      process.getuid?.() === 0
        ? ['setpriv', '--bounding-set', '-dac_override,-dac_read_search', process.execPath]
        : [process.execPath];
    const ended = await startProgram(unlike[0], [...unlike.slice(1), ...command]).ended;
    expect(ended).toMatchObject({ code: 1, stderr: expect.stringContaining('EACCES') });
    expectPlain(ended, 1);
  });

  it('of a recording, or of what a report or a verdict should be made of', async () => {
    writeFileSync(at(`${EVIL}.millpond`), textOf(madeLines({ seconds: 5, label: EVIL })));
    const { code, stdout, stderr } = await millpond(
      ...['report', at(`${EVIL}.millpond`), '--hlog', at(`${EVIL}.hlog`)],
    );
    expect(code).toBe(0);
    expect([unsafeInLines(stdout), unsafeInLines(stderr)]).toEqual([[], []]);
    expect(stderr.split('\n').length).toBe(2);
    expect(readdirSync(at('.'))).toContain(`${EVIL}.hlog`);
    const table = await millpond('report', at(`${EVIL}.millpond`), '--csv');
    expect(table.code).toBe(0);
    expect(unsafeInLines(table.stdout)).toEqual([]);
    // Each row begins with the name, and none is begun by it.
    const [, ...rows] = table.stdout.trimEnd().split('\n');
    expect(rows.length).toBeGreaterThan(0);
    expect(rows.filter((row) => !row.startsWith(at(ESCAPED)))).toEqual([]);
    for (const args of [
      ['report', at(`${EVIL} none`)],
      ['report', at(`${EVIL}.millpond`), '--hlog', at(`${EVIL}.millpond`)],
      ['report', at(`${EVIL}.millpond`), '--hlog', at('none', EVIL)],
      ['report', sound(`${EVIL}.wav`)],
      ['health', at(`${EVIL} none`)],
      ['health', sound(`${EVIL}.wav`)],
    ]) {
      const ended = await millpond(...args);
      expect(ended.code).not.toBe(0);
      expectPlain(ended, 1);
    }
  });

  it('that the shell makes an option or a command of', async () => {
    const option = await transcode(`--${EVIL}`);
    expect(option.code).toBe(2);
    expectPlain(option, 2);
    const command = await millpond(EVIL);
    expect(command.code).toBe(2);
    expectPlain(command, 2);
    const close = await transcode('x', '--quite');
    expect(close.stderr).toBe("error: unknown option '--quite'\n(Did you mean --quiet?)\n(see --help)\n");
  });
});

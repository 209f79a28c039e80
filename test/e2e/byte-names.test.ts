/** Names that are no UTF-8, which Linux allows: they are read, written and told apart. */
import { copyFileSync, mkdirSync, readdirSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { pathFromBytes, systemPath } from '../../src/files/byte-paths.ts';
import { writeWav } from '../audio/wav.ts';
import { bin, scratch, startProgram, tone } from './millpond.ts';

const at = scratch();

/** Runs the command with arguments of any bytes, which a shell makes. */
function withBytes(...args: readonly string[]) {
  const octal = (text: string): string =>
    [...Buffer.from(systemPath(text))].map((byte) => `\\${byte.toString(8).padStart(3, '0')}`).join('');
  const words = args.map((text) => `"$(printf '${octal(text)}')"`).join(' ');
  return startProgram('sh', ['-c', `exec "$0" "$@" ${words}`, process.execPath, ...bin]).ended;
}

function sound(path: string): void {
  writeWav(at('plain.wav'), [tone()]);
  copyFileSync(at('plain.wav'), systemPath(path));
}

const namesIn = (folder: string): string[] =>
  readdirSync(systemPath(folder), { encoding: 'buffer' }).map(pathFromBytes).sort();

describe.runIf(process.platform === 'linux')('names that are no UTF-8', () => {
  it('in a folder become outputs of the same bytes, also two that look alike, and folders', async () => {
    mkdirSync(systemPath(at('in', 'côt\udce9 A')), { recursive: true });
    for (const name of ['a\udcfe.wav', 'a\udcff.wav', 'côt\udce9 A/b.wav']) sound(at('in', name));
    const { code, stdout, stderr } = await withBytes(
      ...['transcode', at('in'), '--to', 'flac', '--out', at('out'), '--json'],
    );
    expect([code, stderr]).toEqual([0, '']);
    expect(JSON.parse(stdout).files).toMatchObject({ total: 3, ok: 3 });
    expect(namesIn(at('out'))).toEqual(['.millpond', 'a\udcfe.flac', 'a\udcff.flac', 'côt\udce9 A']);
    expect(namesIn(at('out', 'côt\udce9 A'))).toEqual(['b.flac']);
  });

  it('can be named, read, written to, recorded to and reported on', async () => {
    sound(at('s\udce4nger.wav'));
    const [out, recording] = [at('au\udce4'), at('l\udcf6.millpond')];
    const done = await withBytes(
      ...['transcode', at('s\udce4nger.wav'), '--to', 'flac', '--out', out, '--record', recording],
    );
    expect([done.code, done.stderr]).toEqual([0, '']);
    expect(namesIn(out)).toEqual(['.millpond', 's\udce4nger.flac']);
    expect(namesIn(at('.'))).toContain('l\udcf6.millpond');
    const page = at('\udcb5.html');
    expect(await withBytes('report', recording, '--html', page)).toMatchObject({ code: 0 });
    expect(namesIn(at('.'))).toContain('\udcb5.html');
  });

  it('are one plain line in messages, and in JSON what gives the bytes back', async () => {
    const { code, stdout, stderr } = await withBytes(
      ...['transcode', at('none \udcff.wav'), '--to', 'flac', '--out', at('out'), '--json'],
    );
    expect(code).toBe(1);
    expect(stderr).toMatch(/^failed: .*none \\udcff\.wav: .*\(ERR_AUDIO_OPEN\)\n$/);
    expect(JSON.parse(stdout).failures[0].file).toBe(at('none \udcff.wav'));
  });
});

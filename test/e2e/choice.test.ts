/** Which files a command does: by their outputs, by lists and by patterns. */
import { existsSync, mkdirSync, readFileSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { Endings } from '../../src/batch/endings.ts';
import { existingRule } from '../../src/batch/existing.ts';
import { decisionsOf } from '../../src/batch/listing.ts';
import { OutputFolders } from '../../src/batch/output-folders.ts';
import { PendingFiles } from '../../src/batch/pending.ts';
import { runBatch } from '../../src/batch/run.ts';
import { transcoding } from '../../src/cli/transcode.ts';
import { systemPath } from '../../src/files/byte-paths.ts';
import { createRuntime } from '../../src/runtime/runtime.ts';
import { filesUnder, millpond, scratch, start } from './millpond.ts';
import { tonesIn } from './tones.ts';

const at = scratch();
const folderOfTones = tonesIn(at);

describe('outputs that exist', () => {
  it('are left alone, and no thread starts where nothing is left to do', async () => {
    const input = folderOfTones('skipped', ['a.wav', 'b.wav']);
    const args = ['transcode', input, '--to', 'wav', '--out', at('skipped-out'), '--skip-existing'];
    // What a journal says of outputs comes before what exists.
    const first = await millpond(...args, '--log-level', 'info', '--journal', at('skipped.ndjson'));
    expect([first.code, first.stderr]).toEqual([0, expect.stringContaining('"event":"start"')]);
    writeFileSync(at('skipped-out', 'a.wav'), 'mine');
    const second = await millpond(...args, '--log-level', 'info');
    expect(second).toMatchObject({ code: 0, stderr: '', progress: [] });
    expect(second.stdout).toBe('files     0 of 0 done, 2 skipped (output exists)\n');
    expect(readFileSync(at('skipped-out', 'a.wav'), 'utf8')).toBe('mine');
    const third = await millpond(...args, '--json');
    expect(JSON.parse(third.stdout)).toMatchObject({
      schema: 'millpond.run/1',
      files: { total: 0, ok: 0, failed: 0, skipped: 2 },
      skipped: { notAudio: 0, excluded: 0, exists: 2, notNewer: 0, notRegular: 0, done: 0 },
      runtime: { threads: expect.any(Number), tasks: { byJob: { transcode: { succeeded: 0 } } } },
    });
    writeFileSync(at('run.json'), third.stdout);
    expect((await millpond('health', at('run.json'))).code).toBe(0);
  });

  it('are replaced where the input is newer', async () => {
    const input = folderOfTones('newer', ['a.wav', 'b.wav']);
    const out = (name: string) => at('newer-out', name);
    const args = ['transcode', input, '--to', 'wav', '--out', at('newer-out'), '--newer', '--threads', '1'];
    expect((await millpond(...args)).stdout).toMatch(/2 of 2 done\n/);
    for (const name of ['a.wav', 'b.wav']) {
      writeFileSync(out(name), 'old');
      const { mtimeNs } = statSync(join(input, name), { bigint: true });
      const seconds = Number(mtimeNs / 1_000_000_000n) + (name === 'a.wav' ? -1 : 1);
      utimesSync(out(name), seconds, seconds);
    }
    expect((await millpond(...args)).stdout).toMatch(/1 of 1 done, 1 skipped \(not newer\)\n/);
    expect([readFileSync(out('b.wav'), 'utf8'), statSync(out('a.wav')).size > 3]).toEqual(['old', true]);
  });

  it('fail their files, and no others, with --no-overwrite', async () => {
    const input = folderOfTones('kept', ['a.wav', 'b.wav']);
    const args = ['transcode', input, '--to', 'wav', '--out', at('kept-out'), '--threads', '1'];
    await millpond(...args, '--journal', at('kept.ndjson'));
    writeFileSync(at('kept-out', 'a.wav'), 'mine');
    const b = readFileSync(at('kept-out', 'b.wav'));
    const none = await millpond(...args, '--no-overwrite', '--log-level', 'info');
    expect([none.code, none.stdout]).toEqual([1, 'files     0 of 2 done, 2 failed\n']);
    expect(none.stderr).toMatch(/^(failed: .*[ab]\.wav: .* \(ERR_OUTPUT_EXISTS\)\n){2}$/);
    folderOfTones('kept', ['c.wav']);
    const { code, stdout } = await millpond(...args, '--no-overwrite', '--json');
    expect([code, JSON.parse(stdout).files]).toEqual([
      1,
      { total: 3, ok: 1, copied: 0, deleted: 0, failed: 2, skipped: 0 },
    ]);
    expect(filesUnder(at('kept-out'))).toEqual(['a.wav', 'b.wav', 'c.wav']);
    expect(readFileSync(at('kept-out', 'a.wav'), 'utf8')).toBe('mine');
    expect(readFileSync(at('kept-out', 'b.wav')).equals(b)).toBe(true);
  });
});

describe('an output that appears between the plan and its job', () => {
  it.each([
    [
      'refuse',
      { ok: 0, skippedLate: 0, failures: [expect.objectContaining({ code: 'ERR_OUTPUT_EXISTS' })] },
      'mine',
    ],
    ['skip', { ok: 0, skippedLate: 1, failures: [] }, 'mine'],
    ['newer', { ok: 1, skippedLate: 0, failures: [] }, null],
    ['replace', { ok: 1, skippedLate: 0, failures: [] }, null],
  ] as const)('is kept or replaced as %s says', async (existing, expected, kept) => {
    const input = folderOfTones(`meanwhile ${existing}`, ['a.wav']);
    const work = transcoding(at(`meanwhile-${existing}`), { to: 'wav' }, existing);
    const { signal } = new AbortController();
    const rules = [existingRule(existing)];
    const [pending, endings] = [new PendingFiles(), new Endings()];
    const decisions = decisionsOf({ inputs: [[input]], outputs: work.outputs, rules, signal });
    await pending.list(decisions, endings, signal);
    mkdirSync(at(`meanwhile-${existing}`));
    const output = at(`meanwhile-${existing}`, 'a.wav');
    writeFileSync(output, 'mine');
    await using runtime = await createRuntime({
      job: new URL('../../workers/transcode.ts', import.meta.url),
      threads: 1,
    });
    const files = { pending, endings, folders: new OutputFolders() };
    await runBatch(runtime, files, work, () => {}, signal);
    expect(endings).toMatchObject(expected);
    expect(filesUnder(at(`meanwhile-${existing}`))).toEqual(['a.wav']);
    const text = readFileSync(output, 'latin1');
    expect(kept === null ? text.slice(0, 4) : text).toBe(kept ?? 'RIFF');
  });
});

describe('a dry run', () => {
  it('says what would become what, and why not, and writes nothing', async () => {
    const input = folderOfTones('dry', ['a.wav', 'b.wav', 'drafts/c.wav']);
    const out = at('dry-out');
    const record = at('dry.millpond');
    const options = ['--exclude', 'drafts/', '--dry-run', '--record', record];
    const args = ['transcode', input, '--to', 'flac', '--out', out, ...options];
    const text = await millpond(...args);
    expect(text).toMatchObject({ code: 0, stderr: '', progress: [] });
    expect(text.stdout).toBe(
      [
        `create   ${join(input, 'a.wav')} -> ${join(out, 'a.flac')}`,
        `create   ${join(input, 'b.wav')} -> ${join(out, 'b.flac')}`,
        `skip     ${join(input, 'drafts')}: excluded`,
        '2 of 2 would be done, 1 skipped (excluded)\n',
      ].join('\n'),
    );
    const json = await millpond(...args, at('gone.wav'), '--json');
    expect([json.code, json.stderr]).toEqual([
      1,
      expect.stringMatching(/^refused: .*gone\.wav: .*OPEN\)\n$/),
    ]);
    const { plan, ...figures } = JSON.parse(json.stdout);
    expect(figures).toEqual({
      schema: 'millpond.plan/1',
      command: 'transcode',
      deletesSources: false,
      files: { total: 3, planned: 2, refused: 1, skipped: 1 },
      skipped: { notAudio: 0, excluded: 1, exists: 0, notNewer: 0, notRegular: 0, done: 0 },
    });
    expect(plan.map(({ action, reason }: Record<string, unknown>) => [action, reason])).toEqual([
      ['create', null],
      ['create', null],
      ['refuse', 'missing'],
      ['skip', 'excluded'],
    ]);
    expect([existsSync(out), existsSync(record)]).toEqual([false, false]);
    const clash = await millpond(...args, '--record', join(input, 'a.wav'));
    expect([clash.code, clash.stdout]).toEqual([2, '']);
    expect(clash.stderr).toMatch(/^millpond: --record .*a\.wav.*\(ERR_OUTPUT_CLASH\)\n$/);
  });

  it('names every clash, and foresees what is done all the same', async () => {
    const input = folderOfTones('clashing', ['x.wav', 'y.wav']);
    const two = [
      join(input, 'x.wav'),
      folderOfTones('clashing too', ['x.wav', 'z.wav']),
      join(input, 'y.wav'),
    ];
    const { code, stdout } = await millpond('transcode', ...two, '--to', 'wav', '--out', input, '--dry-run');
    expect(code).toBe(1);
    expect(stdout.match(/^refuse .*\(ERR_OUTPUT_CLASH\)$/gm)).toHaveLength(3);
    expect(stdout).toMatch(/\n1 of 4 would be done, 3 refused\n$/);
  });
});

describe('a list of names', () => {
  it.runIf(process.platform === 'linux')(
    'comes from stdin beside arguments, in any bytes, and loses none where one is missing',
    async () => {
      const input = folderOfTones('listed', ['a.wav', 'b\nc.wav', 'd.wav']);
      const names = [join(input, 'b\nc.wav'), at('s\udcff.wav'), join(input, 'a.wav'), join(input, 'a.wav')];
      writeFileSync(systemPath(at('s\udcff.wav')), readFileSync(join(input, 'a.wav')));
      const args = ['transcode', join(input, 'd.wav'), '--files-from', '-', '-0', '--to', 'wav', '--json'];
      const { child, ended } = start([...args, '--out', at('listed-out')], {}, 'pipe');
      for (const name of [...names, at('none.wav'), '']) {
        child.stdin?.write(systemPath(name));
        child.stdin?.write('\0');
      }
      child.stdin?.end();
      const { code, stdout, stderr } = await ended;
      expect(stderr).toMatch(/^failed: .*none\.wav: .*\(ERR_AUDIO_OPEN\)\n$/);
      expect([code, JSON.parse(stdout).files]).toEqual([
        1,
        { total: 5, ok: 4, copied: 0, deleted: 0, failed: 1, skipped: 0 },
      ]);
      expect(filesUnder(at('listed-out'))).toHaveLength(4);
    },
  );

  it('is waited for no more after Ctrl-C', async () => {
    const args = ['transcode', '--files-from', '-', '--to', 'wav', '--out', at('never')];
    const { child, ended } = start(args, {}, 'pipe');
    // A pipe holds less: once all is in, it is being read.
    await new Promise((resolve) => child.stdin?.write(Buffer.alloc(1 << 22, '\n'), resolve));
    child.kill('SIGINT');
    expect(await ended).toMatchObject({ code: 130, signal: null, stdout: '' });
    child.stdin?.destroy();
  });

  it('may be empty or not there, and then says so', async () => {
    writeFileSync(at('empty'), '\n\n');
    writeFileSync(at('nul'), 'a.wav\0b.wav\0');
    const args = (list: string) => ['analyze', '--files-from', at(list)];
    const [empty, none, nul] = await Promise.all(
      ['empty', 'none', 'nul'].map((list) => millpond(...args(list))),
    );
    expect([empty.code, empty.stderr]).toEqual([
      2,
      expect.stringMatching(/an empty list held none.*NO_INPUT/),
    ]);
    expect([none.code, none.stderr]).toEqual([2, expect.stringMatching(/^millpond: --files-from .*ENOENT/)]);
    expect([nul.code, nul.stderr]).toEqual([2, expect.stringMatching(/holds a NUL.*Write -0/)]);
  });
});

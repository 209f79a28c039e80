import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { filesUnder, millpond, scratch } from './millpond.ts';
import { tonesIn } from './tones.ts';

const at = scratch();
const folderOfTones = tonesIn(at);

describe('--copy-others', () => {
  it('copies what is not audio to where it was, and leaves alone what is excluded, hidden or no file', async () => {
    const input = folderOfTones('in', ['a.wav', 'b/c.wav']);
    const files = {
      'cover.jpg': 'picture',
      'b/c.cue': 'sheet',
      'b/.hidden': '',
      'drafts/x.txt': '',
      'b/c.log': '',
    };
    mkdirSync(join(input, 'drafts'));
    for (const [name, text] of Object.entries(files)) writeFileSync(join(input, name), text);
    execFileSync('mkfifo', [join(input, 'pipe')]);
    execFileSync('mkfifo', [join(input, 'pipe.wav')]);
    symlinkSync(at('nowhere'), join(input, 'dangling.txt'));
    const args = ['transcode', input, '--to', 'flac', '--out', at('out'), '--copy-others', '--threads', '1'];
    const patterns = ['--exclude', 'drafts/', '--exclude', '*.log'];
    const dry = await millpond(...args, ...patterns, '--dry-run', '--json');
    const { files: planned, plan } = JSON.parse(dry.stdout);
    expect(planned).toEqual({ total: 5, planned: 4, refused: 1, skipped: 4 });
    expect(plan.filter(({ action }: { action: string }) => action === 'copy')).toHaveLength(2);
    const { code, stdout, stderr } = await millpond(...args, ...patterns, '--json');
    const { files: counts, skipped } = JSON.parse(stdout);
    expect([code, stderr]).toEqual([
      1,
      expect.stringMatching(/^failed: .*pipe\.wav: .*a pipe or a device.*\n$/),
    ]);
    expect(counts).toEqual({ total: 5, ok: 4, copied: 2, deleted: 0, failed: 1, skipped: 4 });
    expect(skipped).toMatchObject({ notAudio: 0, excluded: 2, notRegular: 2 });
    expect(filesUnder(at('out'))).toEqual(['a.flac', 'b/c.cue', 'b/c.flac', 'cover.jpg']);
    expect(readFileSync(at('out/b/c.cue'), 'utf8')).toBe('sheet');
    const again = await millpond(...args, ...patterns, '--newer');
    expect(again.stdout).toMatch(
      /^files +0 of 1 done, 1 failed, 8 skipped \(2 excluded, 2 no regular file, 4 done before\)/,
    );
  });

  it('copies one of those that would have one name, and needs no audio', async () => {
    for (const folder of ['one', 'two']) {
      mkdirSync(at(folder));
      writeFileSync(at(folder, 'notes.txt'), folder);
    }
    const args = ['transcode', at('one'), at('two'), '--to', 'mp3', '--out', at('notes'), '--copy-others'];
    const { code, stderr, stdout } = await millpond(...args);
    expect([code, stderr]).toEqual([
      1,
      expect.stringMatching(/^failed: .*notes\.txt: .*\(ERR_OUTPUT_CLASH\)\n$/),
    ]);
    expect(stdout).toMatch(/^files +1 of 2 done, 1 of them copied, 1 failed\n/);
    expect(readFileSync(at('notes/notes.txt'), 'utf8')).toBe('one');
    const piped = await millpond('transcode', at('x.wav'), '--to', 'mp3', '--out', '-', '--copy-others');
    expect([piped.code, piped.stderr]).toEqual([2, expect.stringMatching(/^millpond: --copy-others: /)]);
  });
});

import { mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import { areSame, linkIfAbsent, putWhole, renameOver } from '../../src/files/link-whole.ts';
import { createOutput } from '../../src/files/whole-file.ts';
import { LostAnswers } from './lost-answers.ts';

const scratch = mkdtempSync(join(tmpdir(), 'millpond-link-'));
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(scratch, 'one-'));
});
const at = (name: string): string => join(folder, name);
const write = (name: string, content: string): string => {
  writeFileSync(at(name), content);
  return at(name);
};

describe('a whole file that gets its name if nothing has it', () => {
  it('has that name only, then', async () => {
    expect(await linkIfAbsent(write('aside', 'mine'), at('place'))).toBe(true);
    expect(readdirSync(folder)).toEqual(['place']);
  });

  it('leaves what is there, a link that leads nowhere too, and stays aside', async () => {
    write('place', 'theirs');
    symlinkSync('nowhere', at('link'));
    const aside = write('aside', 'mine');
    expect(await linkIfAbsent(aside, at('place'))).toBe(false);
    expect(await linkIfAbsent(aside, at('link'))).toBe(false);
    expect(readFileSync(at('place'), 'utf8')).toBe('theirs');
    expect(readFileSync(aside, 'utf8')).toBe('mine');
  });

  it('has got it where a share did so and lost the answer: the file says so', async () => {
    const aside = write('aside', 'mine');
    using lost = new LostAnswers();
    expect(await linkIfAbsent(aside, at('place'))).toBe(true);
    expect(readdirSync(folder)).toEqual(['place']);
    expect(lost.count).toBe(1);
  });

  it('has got it over what was there, too, where the answer was lost', async () => {
    const aside = write('aside', 'mine');
    write('place', 'theirs');
    using lost = new LostAnswers();
    await renameOver(aside, at('place'));
    expect(readdirSync(folder)).toEqual(['place']);
    expect(readFileSync(at('place'), 'utf8')).toBe('mine');
    expect(lost.count).toBe(1);
    await expect(renameOver(aside, at('place'))).rejects.toMatchObject({ code: 'ENOENT' });
  });

  it('is one of many that want the name at once', async () => {
    const all = Array.from({ length: 50 }, (_, number) => write(`aside-${number}`, `${number}`));
    const got = await Promise.all(all.map((aside) => linkIfAbsent(aside, at('place'))));
    const first = got.indexOf(true);
    expect(got.filter(Boolean)).toHaveLength(1);
    expect(readFileSync(at('place'), 'utf8')).toBe(`${first}`);
  });

  it('throws what the system says where there is no such folder', async () => {
    await expect(linkIfAbsent(write('aside', ''), at('none/place'))).rejects.toMatchObject({
      code: 'ENOENT',
    });
  });

  it('is written whole, and leaves nothing where it comes second', async () => {
    expect(await putWhole(at('object'), 'one')).toBe(true);
    expect(await putWhole(at('object'), 'two')).toBe(false);
    expect(readdirSync(folder)).toEqual(['object']);
    expect(readFileSync(at('object'), 'utf8')).toBe('one');
    await expect(putWhole(at('none/object'), '')).rejects.toMatchObject({ code: 'ERR_OUTPUT_WRITE' });
  });
});

describe('an output', () => {
  it.each([
    true,
    false,
  ])('is in its place where a share put it there and lost the answer (over what is there: %s)', (over) => {
    if (over) write('x', 'old');
    const output = createOutput(at('x'), over);
    writeFileSync(output.handle, 'new');
    using lost = new LostAnswers();
    expect(output.commit()).toBe(3);
    expect(lost.count).toBe(1);
    output.discard();
    expect(readdirSync(folder)).toEqual(['x']);
    expect(readFileSync(at('x'), 'utf8')).toBe('new');
  });
});

describe('two files', () => {
  const long = 'x'.repeat(3_000_000);
  it.each<[string, string, string, boolean]>([
    ['the same', 'a', 'a', true],
    ['empty', '', '', true],
    ['of other lengths', 'a', 'aa', false],
    ['different at the end of something long', `${long}a`, `${long}b`, false],
    ['the same and long', long, long, true],
  ])('that are %s', async (_, one, other, same) => {
    expect(await areSame(write('one', one), write('other', other))).toBe(same);
  });

  it('are not the same where one is none', async () => {
    expect(await areSame(write('one', ''), at('none'))).toBe(false);
    expect(await areSame(write('one', ''), folder)).toBe(false);
  });
});

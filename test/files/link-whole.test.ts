import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import { placeOnce, putWhole } from '../../src/files/link-whole.ts';
import { placeNew, placeOver } from '../../src/files/placing.ts';
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
  it('has that name only, then', () => {
    expect(placeNew(write('aside', 'mine'), at('place'))).toBe(true);
    expect(readdirSync(folder)).toEqual(['place']);
  });

  it('leaves what is there, a link that leads nowhere too, and stays aside', () => {
    write('place', 'theirs');
    symlinkSync('nowhere', at('link'));
    const aside = write('aside', 'mine');
    expect(placeNew(aside, at('place'))).toBe(false);
    expect(placeNew(aside, at('link'))).toBe(false);
    expect(readFileSync(at('place'), 'utf8')).toBe('theirs');
    expect(readFileSync(aside, 'utf8')).toBe('mine');
  });

  it('has got it where a share did so and lost the answer: the file says so', () => {
    const aside = write('aside', 'mine');
    using lost = new LostAnswers();
    expect(placeNew(aside, at('place'))).toBe(true);
    expect(readdirSync(folder)).toEqual(['place']);
    expect(lost.count).toBe(1);
  });

  it('has got it over what was there, too, where the answer was lost', () => {
    const aside = write('aside', 'mine');
    write('place', 'theirs');
    using lost = new LostAnswers();
    placeOver(aside, at('place'));
    expect(readdirSync(folder)).toEqual(['place']);
    expect(readFileSync(at('place'), 'utf8')).toBe('mine');
    expect(lost.count).toBe(1);
    expect(() => placeOver(aside, at('place'))).toThrow(/ENOENT/);
  });

  it('throws what the system says where there is no such folder', () => {
    expect(() => placeNew(write('aside', ''), at('none/place'))).toThrow(/ENOENT/);
  });

  it('is written whole, and leaves nothing where it comes second', async () => {
    expect(await putWhole(at('object'), 'one')).toBe(true);
    expect(await putWhole(at('object'), 'two')).toBe(false);
    expect(readdirSync(folder)).toEqual(['object']);
    expect(readFileSync(at('object'), 'utf8')).toBe('one');
    await expect(putWhole(at('none/object'), '')).rejects.toMatchObject({ code: 'ERR_OUTPUT_WRITE' });
  });
});

describe.each([false, true])('an output that hosts may make at once (durable: %s)', (isDurable) => {
  const place = (aside: string, replaces = false) =>
    placeOnce(aside, { path: at('place'), replaces, isDurable });

  it('is there once: of all that are the same one is first, and none stays aside', async () => {
    const all = Array.from({ length: 20 }, (_, number) => write(`aside-${number}`, 'the same'));
    const got = await Promise.all(all.map((aside) => place(aside)));
    expect(got.filter(Boolean)).toHaveLength(1);
    expect(readdirSync(folder)).toEqual(['place']);
  });

  it('is refused where something else is there, and replaces it where it may', async () => {
    write('place', 'theirs');
    const aside = write('aside', 'mine');
    await expect(place(aside)).rejects.toMatchObject({ code: 'ERR_OUTPUT_EXISTS' });
    expect(readFileSync(at('place'), 'utf8')).toBe('theirs');
    expect(await place(aside, true)).toBe(true);
    expect(readFileSync(at('place'), 'utf8')).toBe('mine');
    expect(readdirSync(folder)).toEqual(['place']);
    await expect(place(aside)).rejects.toMatchObject({ code: 'ERR_OUTPUT_WRITE' });
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

describe('what is in the place of an output', () => {
  const long = 'x'.repeat(3_000_000);
  const place = (aside: string) => placeOnce(aside, { path: at('place'), replaces: false, isDurable: false });
  const other = { code: 'ERR_OUTPUT_EXISTS' };

  it.each<[string, string, string, boolean]>([
    ['the same', 'a', 'a', true],
    ['as empty', '', '', true],
    ['of another length', 'a', 'aa', false],
    ['different at the end of something long', `${long}a`, `${long}b`, false],
    ['the same and long', long, long, true],
  ])('is %s', async (_, mine, theirs, isSame) => {
    write('place', theirs);
    const placed = place(write('aside', mine));
    if (isSame) expect(await placed).toBe(false);
    else await expect(placed).rejects.toMatchObject(other);
  });

  it('is no file', async () => {
    mkdirSync(at('place'));
    await expect(place(write('aside', ''))).rejects.toMatchObject(other);
  });
});

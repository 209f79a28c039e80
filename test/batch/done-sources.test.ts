import {
  appendFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  realpathSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { DoneSources } from '../../src/batch/done-sources.ts';
import type { Ending } from '../../src/batch/endings.ts';
import type { PlannedFile } from '../../src/batch/plan.ts';
import { listed } from './listed.ts';

let root: string;
let file: PlannedFile;
const at = (...parts: string[]) => join(root, ...parts);

beforeEach(async () => {
  root = realpathSync(mkdtempSync(join(tmpdir(), 'millpond-sources-')));
  mkdirSync(at('out'));
  writeFileSync(at('a.wav'), 'sound');
  const { files } = await listed([at('a.wav')], { folder: at('out'), extension: '.flac' });
  [file] = files;
  writeFileSync(at('out/a.flac'), 'done');
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

function ended(changes: object = {}): Extract<Ending, { state: 'done' }> {
  const { input, output, bytes } = file;
  const result = { seconds: 1, sha256: 'ab', warnings: [] };
  return { ...{ input, output, bytes, state: 'done', callMs: 1, notes: [], result }, ...changes };
}

it.each<[string, () => void, object, RegExp]>([
  ['was written to', () => appendFileSync(at('a.wav'), '.'), {}, /it was changed meanwhile/],
  [
    'is another file of its name',
    () => {
      writeFileSync(at('b'), 'sound');
      renameSync(at('b'), at('a.wav'));
    },
    {},
    /it was changed meanwhile/,
  ],
  ['is gone', () => rmSync(at('a.wav')), {}, /gone/],
  ['has no output any more', () => rmSync(at('out/a.flac')), {}, /ENOENT/],
  ['was not compared', () => {}, { result: { seconds: 1, warnings: [] } }, /was not compared/],
])('a source that %s stays, and the note says why', async (_what, change, changes, why) => {
  const sources = new DoneSources(new Set());
  await sources.expect(file);
  change();
  const wasThere = existsSync(at('a.wav'));
  const ending = ended(changes);
  await sources.listener(ending);
  expect([ending.notes, ending.isDeleted]).toEqual([[expect.stringMatching(why)], undefined]);
  expect(existsSync(at('a.wav'))).toBe(wasThere);
});

it('a source that several files are made of stays, and one whose file failed', async () => {
  const shared = new DoneSources(new Set([at('a.wav')]));
  await shared.expect(file);
  const ending = ended();
  await shared.listener(ending);
  expect(ending.notes).toEqual([expect.stringMatching(/more than once/)]);
  const sources = new DoneSources(new Set());
  await sources.expect(file);
  const { input, output, bytes } = file;
  await sources.listener({ ...{ input, output, bytes }, state: 'failed', code: 'X', message: '', callMs: 1 });
  // Nobody said that it is under way again.
  await sources.listener(ended());
  expect(existsSync(at('a.wav'))).toBe(true);
});

it('a source that is as it was read goes', async () => {
  const sources = new DoneSources(new Set());
  await sources.expect(file);
  const ending = ended();
  await sources.listener(ending);
  expect([ending.notes, ending.isDeleted, existsSync(at('a.wav'))]).toEqual([[], true, false]);
});

it('of an input that is there twice at a time both files say that it stays', async () => {
  const sources = new DoneSources(new Set([at('a.wav')]));
  const { files } = await listed([at('a.wav')], { folder: at('out'), extension: '.wav' });
  const [ending, other] = [ended(), ended({ output: files[0].output })];
  await sources.expect(file);
  await sources.expect(files[0]);
  for (const one of [ending, other]) await sources.listener(one);
  expect([ending.notes.length, other.notes.length, existsSync(at('a.wav'))]).toEqual([1, 1, true]);
});

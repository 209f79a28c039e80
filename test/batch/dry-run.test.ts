import { mkdirSync, mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { dryRun, formatDryRun, formatRefusals } from '../../src/batch/dry-run.ts';
import { type Existing, existingRule } from '../../src/batch/existing.ts';
import { decisionsOf } from '../../src/batch/listing.ts';

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'millpond-dry-'));
  for (const folder of ['in', 'out']) mkdirSync(join(root, folder));
  const files = {
    'in/changed.wav': 2,
    'in/done.wav': 1,
    'in/new.wav': 1,
    'out/changed.mp3': 1,
    'out/done.mp3': 2,
  };
  for (const [name, seconds] of Object.entries(files)) {
    writeFileSync(join(root, name), '');
    utimesSync(join(root, name), seconds, seconds);
  }
});

function decisions(input: string, existing: Existing) {
  return decisionsOf({
    inputs: [[input]],
    outputs: { folder: join(root, 'out'), extension: '.mp3' },
    rules: [existingRule(existing)],
    signal: new AbortController().signal,
  });
}
afterEach(() => rmSync(root, { recursive: true, force: true }));

it.each<[Existing, Record<string, string>, object]>([
  [
    'replace',
    { changed: 'replace null', done: 'replace null', new: 'create null' },
    { total: 3, planned: 3, refused: 0, skipped: 0 },
  ],
  [
    'skip',
    { changed: 'skip exists', done: 'skip exists', new: 'create null' },
    { total: 1, planned: 1, refused: 0, skipped: 2 },
  ],
  [
    'newer',
    { changed: 'replace null', done: 'skip notNewer', new: 'create null' },
    { total: 2, planned: 2, refused: 0, skipped: 1 },
  ],
  [
    'refuse',
    { changed: 'refuse exists', done: 'refuse exists', new: 'create null' },
    { total: 3, planned: 1, refused: 2, skipped: 0 },
  ],
])('a dry run foresees by the rule %s what a run does', async (existing, expected, files) => {
  const shows = await dryRun('transcode', decisions(join(root, 'in'), existing));
  const steps = shows.plan.map(({ input, action, reason }) => [
    input.slice(root.length + 4, -4),
    `${action} ${reason}`,
  ]);
  expect(Object.fromEntries(steps)).toEqual(expected);
  expect(shows.files).toEqual(files);
  expect(formatDryRun(shows).split('\n')).toHaveLength(5);
  const refused = formatRefusals(shows);
  expect(refused.every((line) => /^refused: .* \(ERR_OUTPUT_EXISTS\)$/.test(line))).toBe(true);
  expect(refused).toHaveLength(shows.files.refused);
});

it('a dry run says of what is not there what a readable file is, and what to check', async () => {
  const gone = decisions(join(root, 'in/new.wav/gone.wav'), 'replace');
  expect(formatRefusals(await dryRun('transcode', gone))).toEqual([
    expect.stringMatching(
      /^refused: .*: An input is a readable file; .* Check the path and its permissions\. \(ERR_AUDIO_OPEN\)$/,
    ),
  ]);
});

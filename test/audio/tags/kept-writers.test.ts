import { expect, it } from 'vitest';
import { TARGETS, type TargetName } from '../../../src/audio/plan/targets.ts';
import { NO_TAGS } from '../../../src/audio/tags/model.ts';
import { tagWriterFor } from '../../../src/audio/tags/write/writers.ts';

it.each(Object.keys(TARGETS) as TargetName[])('files of %s that carry nothing share a writer', (to) => {
  const writer = tagWriterFor({ to, encoder: 'flac' }, NO_TAGS, 1000);
  expect(tagWriterFor({ to, encoder: 'flac' }, NO_TAGS, null)).toBe(writer);
  // It says by what the sound was encoded.
  expect(tagWriterFor({ to, encoder: 'libopus' }, NO_TAGS, null)).not.toBe(writer);
  const fields = [{ key: 'TITLE', value: 'a' }];
  expect(tagWriterFor({ to, encoder: 'flac' }, { ...NO_TAGS, fields }, null)).not.toBe(writer);
});

import { expect, it } from 'vitest';
import { withoutPassword } from '../../src/text/urls.ts';

it.each([
  ['redis://queue:6379', 'redis://queue:6379'],
  ['redis://me:secret@queue:6379/1', 'redis://queue:6379/1'],
  ['rediss://:secret@queue', 'rediss://queue'],
  ['redis://me:se/cr@et@queue', 'redis://queue'],
  ['redis://me:se\ncret@queue', 'redis://queue'],
  ['HTTP://me:secret@queue', 'HTTP://queue'],
  ['me:secret@queue', 'queue'],
])('a URL is shown without its password: %j', (url, shown) => {
  expect(withoutPassword(url)).toBe(shown);
});

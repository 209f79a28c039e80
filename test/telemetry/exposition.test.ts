import { describe, expect, it } from 'vitest';
import { readExposition } from './exposition.ts';

describe('the reader of the tests', () => {
  it.each([
    ['a_total 1\n', 'without a family'],
    ['# TYPE a counter\n', 'without help'],
    ['# HELP a b\n# TYPE a counter\na{x="1"} 1\na{x="1"} 2\n', 'twice'],
    ['# HELP a b\n# TYPE a gauge\na{x="1" } 1\n', 'no labels'],
    ['# HELP a b\n# TYPE a gauge\na one\n', 'no number'],
    ['# HELP a b\n# TYPE a gauge\nb 1\n', 'not of a'],
    ['# HELP a b\n# TYPE a summary\na 1\n', 'not of a'],
    ['# HELP a b\n# TYPE a gauge\n# HELP a b\n# TYPE a gauge\n', 'second time'],
    ['# HELP a b\n# TYPE a gauge\na 1', 'line feed'],
  ])('refuses %j', (text, why) => {
    expect(() => readExposition(text)).toThrow(why);
  });
});

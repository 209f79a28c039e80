import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';

const root = new URL('../../', import.meta.url);
const text = readFileSync(new URL('ARCHITECTURE.md', root), 'utf8');

describe('each invariant', () => {
  const rows = [...text.matchAll(/^\| (\d+) \| (.+?) \| (.+) \|$/gm)];

  it('has a number, in order', () => {
    const numbers = rows.map(([, number]) => Number(number));
    expect(numbers.length).toBeGreaterThan(8);
    expect(numbers).toEqual([...new Set(numbers)].sort((a, b) => a - b));
  });

  it.each(
    rows.map(([, number, , held]) => [number, held]),
  )('%s is held by tests that are there', (_number, held) => {
    const parts = held.split('; ');
    for (const part of parts) {
      const files = [...part.matchAll(/`([\w/-]+)`/g)].map(
        ([, name]) => new URL(`test/${name}.test.ts`, root),
      );
      for (const file of files) expect(existsSync(file), file.pathname).toBe(true);
      const sources = files.map((file) => readFileSync(file, 'utf8'));
      for (const [, name] of part.matchAll(/"(.+?)"/g)) {
        expect(
          sources.some((source) => source.includes(name)),
          name,
        ).toBe(true);
      }
    }
  });
});

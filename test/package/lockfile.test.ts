import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';

const lock = JSON.parse(readFileSync(new URL('../../package-lock.json', import.meta.url), 'utf8'));
const packages: [string, { resolved?: string; integrity?: string; link?: boolean }][] = Object.entries(
  lock.packages,
);

describe('the lock file', () => {
  it('names no registry, so that an install asks the one its machine is set up for', () => {
    expect(packages.filter(([, entry]) => entry.resolved !== undefined).map(([name]) => name)).toEqual([]);
  });

  it('pins the content of every package', () => {
    const unpinned = packages.filter(([name, entry]) => name !== '' && entry.integrity === undefined);
    expect(packages.length).toBeGreaterThan(50);
    // A package that travels inside another's tarball is pinned by that one.
    expect(unpinned.filter(([, entry]) => !('inBundle' in entry)).map(([name]) => name)).toEqual([]);
  });
});

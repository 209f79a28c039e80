import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';

const lock = JSON.parse(readFileSync(new URL('../../package-lock.json', import.meta.url), 'utf8'));
const manifest = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'));
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

describe("FFmpeg's binaries", () => {
  it('are of the version whose JavaScript is in the package, for all platforms that node-av has', () => {
    const { version, optionalDependencies } = lock.packages['node_modules/node-av'];
    const platforms = Object.keys(optionalDependencies).filter((name) => name.startsWith('@seydx/'));
    // Those for a Node that was built by MinGW would double an install on Windows.
    const wanted = platforms.filter((name) => !name.endsWith('-mingw')).sort();
    expect(wanted.length).toBeGreaterThan(4);
    expect(Object.entries(manifest.optionalDependencies)).toEqual(wanted.map((name) => [name, version]));
    expect(manifest.devDependencies['node-av']).toBe(version);
  });
});

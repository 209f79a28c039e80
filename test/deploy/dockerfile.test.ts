/** The Dockerfile, as far as it can be looked at without building it. */
import { execFileSync, execSync } from 'node:child_process';
import { copyFileSync, existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { expect, it } from 'vitest';
import { checkout } from '../e2e/millpond.ts';

const read = (path: string): string => readFileSync(join(checkout, path), 'utf8');
const text = read('deploy/Dockerfile')
  .replaceAll(/^#.*\n/gm, '')
  .replaceAll(/\\\n\s*/g, '');
const manifest = JSON.parse(read('package.json'));
const last = text.slice(text.lastIndexOf('FROM '));

/** The lists that Docker takes for commands. */
function listOf(instruction: string): string[] {
  return JSON.parse(new RegExp(`^${instruction}.*?(\\[.*\\])$`, 'm').exec(last)?.[1] as string);
}

it('runs the command where an install has it, as a user who is not root', () => {
  const bin = manifest.bin.millpond.slice(2);
  expect(listOf('ENTRYPOINT')).toEqual(['node', `/opt/millpond/node_modules/millpond/${bin}`]);
  expect(listOf('CMD')).toEqual(['serve']);
  expect(/^USER (\S+)$/m.exec(last)?.[1]).toBe('node');
});

it('starts from a Node that the package supports', () => {
  const versions = Array.from(text.matchAll(/^FROM node:(\d+)-/gm), ([, version]) => Number(version));
  const least = Number(/\d+/.exec(manifest.engines.node)?.[0]);
  expect(versions).toHaveLength(3);
  for (const version of versions) expect(version).toBeGreaterThanOrEqual(least);
});

interface Locked {
  readonly version: string;
  readonly integrity?: string;
}

it('installs what a service needs, and each package as the lock file has it', () => {
  const folder = mkdtempSync(join(tmpdir(), 'millpond-image-'));
  const lockOf = (from: string): Record<string, Locked> =>
    JSON.parse(readFileSync(join(from, 'package-lock.json'), 'utf8')).packages;
  try {
    const copied = /^COPY (package\.json .*) \.\/$/m.exec(text.slice(text.indexOf('AS install')))?.[1];
    for (const file of (copied as string).split(' ')) {
      copyFileSync(join(checkout, file), join(folder, basename(file)));
    }
    const run = /^RUN (node service-packages\.js && npm install .*?) && npm ci --ignore-scripts /m.exec(
      text,
    )?.[1];
    // Whatever is in the lock file nobody has to be asked for.
    execSync(`${run} --offline`, { cwd: folder, stdio: 'pipe' });
    const { '': _, ...left } = lockOf(folder);
    const all = lockOf(checkout);
    for (const [path, { version, integrity }] of Object.entries(left)) {
      expect([path, version, integrity]).toEqual([path, all[path]?.version, all[path]?.integrity]);
    }
    const names = Object.keys(left).map((path) => path.replace(/^.*node_modules\//, ''));
    expect(names).toEqual(expect.arrayContaining(['fastify', '@fastify/swagger-ui', 'piscina', 'pino']));
    expect(names.filter((name) => /^(?:vitest|typescript|rolldown|@biomejs)/.test(name))).toEqual([]);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});

it('copies what is there, and leaves out what must not come along', () => {
  const copied = Array.from(text.matchAll(/^COPY ([^-].*) \S+$/gm), ([, files]) => files.split(' ')).flat();
  expect(copied.filter((file) => !existsSync(join(checkout, file)))).toEqual([]);
  expect(read('deploy/Dockerfile.dockerignore').split('\n')).toEqual(
    expect.arrayContaining(['.git', '**/node_modules']),
  );
});

it('looks whether it lives by a program that ends', () => {
  const [program, ...args] = listOf('HEALTHCHECK');
  expect(program).toBe('node');
  // Nobody listens there.
  const elsewhere = args.map((one) => one.replace(':8080', ':1'));
  expect(() => execFileSync(process.execPath, elsewhere)).toThrow(/Command failed/);
});

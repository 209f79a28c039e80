/** The Dockerfile, as far as it can be looked at without building it. */
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
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

it('asks for the packages of a service in the versions that are tested', () => {
  const script = /\$\(node -p "(.*?)"\)/.exec(text)?.[1] as string;
  const here = script.replace('/tmp/package.json', join(checkout, 'package.json'));
  const peers = execFileSync(process.execPath, ['-p', here], { encoding: 'utf8' }).trim().split(' ');
  expect(peers.map((one) => one.replace(/@[^@]*$/, '')).sort()).toEqual([
    '@fastify/multipart',
    '@fastify/swagger',
    '@fastify/swagger-ui',
    'fastify',
  ]);
  for (const one of peers) expect(one).toMatch(/@\^\d+\.\d+\.\d+$/);
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

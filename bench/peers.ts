/**
 * The programs and packages that millpond is measured against. Those from npm live in a folder of their own:
 * as devDependencies they would be in every `npm ci`, the statically linked ffmpeg alone with 66 MB for one
 * platform only.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { checkout } from './machine.ts';

const STATIC_FFMPEG = '@ffmpeg-installer/linux-x64';
const PACKAGES = {
  [STATIC_FFMPEG]: '4.1.0',
  'typedarray-pool': '1.2.0',
  '@thi.ng/malloc': '6.1.150',
  autocannon: '9.0.0',
} as const;
const folder = join(checkout, 'bench', '.peers');
const staticFfmpeg = join(folder, 'node_modules', STATIC_FFMPEG, 'ffmpeg');

export interface Peer {
  readonly name: string;
  /** What to run or to import. */
  readonly program: string;
  /** Undefined when it is not there. */
  readonly version: string | undefined;
  /** How to get it. */
  readonly remedy: string;
}

export function findFfmpegs(): Peer[] {
  return [
    {
      name: 'static ffmpeg',
      program: process.env.MILLPOND_STATIC_FFMPEG ?? staticFfmpeg,
      remedy: 'npm run bench -- --peers, or MILLPOND_STATIC_FFMPEG=PATH',
    },
    {
      name: "distribution's ffmpeg",
      program: 'ffmpeg',
      remedy: 'apt-get install ffmpeg, or its like',
    },
  ].map((peer) => ({ ...peer, version: versionOf(peer.program, '-version') }));
}

export function findFlac(): Peer {
  const remedy = 'apt-get install flac, or its like';
  return { name: 'flac', program: 'flac', version: versionOf('flac', '--version'), remedy };
}

export function findCompiler(): Peer {
  const remedy = 'apt-get install gcc libc6-dev, or their like';
  return { name: 'C', program: 'gcc', version: versionOf('gcc', '--version'), remedy };
}

/** A package of `bench/.peers`; its program is the file to `require`, also where it is an ES module. */
export function findPackage(name: 'typedarray-pool' | '@thi.ng/malloc' | 'autocannon'): Peer {
  const program = join(folder, 'node_modules', name);
  return { name, program, version: packageVersion(program), remedy: 'npm run bench -- --peers' };
}

export function installPeers(): void {
  mkdirSync(folder, { recursive: true });
  const options = ['--prefix', folder, '--ignore-scripts', '--no-audit', '--no-fund', '--no-package-lock'];
  const packages = Object.entries(PACKAGES).map(([name, version]) => `${name}@${version}`);
  execFileSync('npm', ['install', ...options, ...packages], { stdio: ['ignore', 2, 2] });
  chmodSync(staticFfmpeg, 0o755); // all that its install script would do
}

function packageVersion(path: string): string | undefined {
  try {
    return JSON.parse(readFileSync(join(path, 'package.json'), 'utf8')).version;
  } catch {
    return undefined;
  }
}

function versionOf(program: string, option: string): string | undefined {
  const { status, stdout } = spawnSync(program, [option], { encoding: 'utf8' });
  return status === 0 ? stdout.split('\n')[0] : undefined;
}

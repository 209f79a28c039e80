/**
 * The programs that millpond is measured against. A statically linked ffmpeg comes from npm into a folder of its own:
 * as a devDependency it would be 70 MB in every `npm ci`, for one platform only.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { checkout } from './machine.ts';

const STATIC_PACKAGE = '@ffmpeg-installer/linux-x64';
const STATIC_VERSION = '4.1.0';
const folder = join(checkout, 'bench', '.peers');
const staticFfmpeg = join(folder, 'node_modules', STATIC_PACKAGE, 'ffmpeg');

export interface Peer {
  readonly name: string;
  readonly program: string;
  /** First line of `-version`; undefined when the program is not there. */
  readonly version: string | undefined;
  /** How to get it. */
  readonly remedy: string;
}

export function findPeers(): Peer[] {
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
  ].map((peer) => ({ ...peer, version: versionOf(peer.program) }));
}

export function installPeers(): void {
  mkdirSync(folder, { recursive: true });
  const options = ['--prefix', folder, '--ignore-scripts', '--no-audit', '--no-fund', '--no-package-lock'];
  execFileSync('npm', ['install', ...options, `${STATIC_PACKAGE}@${STATIC_VERSION}`], {
    stdio: ['ignore', 2, 2],
  });
  chmodSync(staticFfmpeg, 0o755); // all that its install script would do
}

function versionOf(program: string): string | undefined {
  const { status, stdout } = spawnSync(program, ['-version'], { encoding: 'utf8' });
  return status === 0 ? stdout.split('\n')[0] : undefined;
}

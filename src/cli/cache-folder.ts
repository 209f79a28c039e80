/**
 * Where things are kept between runs that only this user may change: what is found there is believed. Asks
 * the file system; holds nothing.
 */
import { lstatSync, mkdirSync, realpathSync, type Stats } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, isAbsolute, join } from 'node:path';

/**
 * A folder of the user's own, made if it is missing: its real path, or null where others could put something
 * into it, or where it cannot be made.
 */
export function cacheFolder(env: NodeJS.ProcessEnv, name: string): string | null {
  try {
    let folder = cachesOfUser(env);
    makePrivate(folder);
    for (const part of ['millpond', name]) {
      folder = join(folder, part);
      makePrivate(folder);
    }
    const path = realpathSync(folder);
    return process.getuid === undefined || isSafe(path, process.getuid()) ? path : null;
  } catch {
    return null;
  }
}

/** Step by step: Node's own recursive way never returns from below /proc. */
function makePrivate(folder: string): void {
  try {
    mkdirSync(folder, { mode: 0o700 });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  }
}

function cachesOfUser(env: NodeJS.ProcessEnv): string {
  if (process.platform === 'win32') return env.LOCALAPPDATA ?? join(homedir(), 'AppData', 'Local');
  if (env.XDG_CACHE_HOME && isAbsolute(env.XDG_CACHE_HOME)) return env.XDG_CACHE_HOME;
  return join(homedir(), ...(process.platform === 'darwin' ? ['Library', 'Caches'] : ['.cache']));
}

/** Only the user enters it, and none but the user and root can put another in its place. */
function isSafe(path: string, user: number): boolean {
  const { mode, uid } = lstatSync(path);
  if (uid !== user || (mode & 0o077) !== 0) return false;
  for (let above = dirname(path); ; above = dirname(above)) {
    if (!keepsWhatIsIn(lstatSync(above), user)) return false;
    if (above === dirname(above)) return true;
  }
}

function keepsWhatIsIn({ mode, uid }: Stats, user: number): boolean {
  const OTHERS_WRITE = 0o022;
  const STICKY = 0o1000;
  return (uid === user || uid === 0) && ((mode & OTHERS_WRITE) === 0 || (mode & STICKY) !== 0);
}

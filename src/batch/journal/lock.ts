/**
 * A lock that a dead process does not hold: SQLite's on an empty file, which the system gives back however
 * its process ends. Owned by the main thread of whoever got it. The file stays when its lock goes, but where
 * its holder made it and nothing came of that. Invariants: what a note beside it says of the holder is
 * believed only while the lock is held, and that process is not known to be gone; a lock is on the file that
 * has the name, also where another one is being removed.
 */
import { type BigIntStats, closeSync, lstatSync, openSync, readFileSync, rmSync } from 'node:fs';
import { hostname } from 'node:os';
import type { DatabaseSync } from 'node:sqlite';
import { MillpondError } from '../../errors.ts';
import { systemPath } from '../../files/byte-paths.ts';
import { isGone, type Owner, ownProcess } from '../../files/owner.ts';
import { writeWhole } from '../../files/whole-file.ts';
import { escaped, shortened, shown } from '../../text/escaping.ts';
import { wallMs } from '../../timers.ts';

export interface Lock extends Disposable {
  /** False where the file system has no locks: then nothing keeps another one out. */
  readonly isHeld: boolean;
  /** Makes its file stay where this one has made it. */
  keep(): void;
}

/** Who holds a lock, for whoever wants it. */
interface Holder {
  readonly owner: Owner;
  readonly host: string;
  /** ISO 8601. */
  readonly since: string;
  readonly command: string;
}

/** Of SQLite. */
const BUSY = 5;
/** Reading, writing or locking failed in the file system; in the low byte of a longer code. */
const IO_ERROR = 10;
const PROTOCOL = 15;

/** Each time another one has removed the file meanwhile. */
const MOST_TRIES = 100;
const MOST_COMMAND_LETTERS = 200;
const MOST_NOTE_BYTES = 10_000;

/**
 * @param path of the lock's file, in a folder that is there
 * @param what is locked, for messages, as `an output folder`
 * @param place whose lock it is, for messages
 * @throws MillpondError `ERR_BATCH_LOCKED` where another one holds it, also one of this process;
 * `ERR_OUTPUT_WRITE` where the folder cannot be written
 */
export function lock(path: string, what: string, place: string): Lock {
  const note = `${path}.json`;
  let locked: DatabaseSync | null = null;
  let isNew = false;
  try {
    for (let tries = 1; locked === null; tries++) {
      isNew = isMade(path);
      locked = lockThere(path);
      if (locked === null && tries === MOST_TRIES) throw new Error('it is removed again and again');
    }
  } catch (cause) {
    const code = (cause as { errcode?: number }).errcode ?? 0;
    if (code === BUSY) throw inUse(readNote(note), what, place);
    if ((code & 0xff) === IO_ERROR || code === PROTOCOL)
      return { isHeld: false, keep() {}, [Symbol.dispose]() {} };
    throw new MillpondError(
      'ERR_OUTPUT_WRITE',
      `A batch locks ${what}, by a file in a folder that can be written; '${shown(path)}' cannot be made or opened: ${escaped((cause as Error).message)}. Check the folder's permissions.`,
      { cause },
    );
  }
  const held = locked;
  writeNote(note);
  return {
    isHeld: true,
    keep() {
      isNew = false;
    },
    [Symbol.dispose]() {
      try {
        rmSync(systemPath(note), { force: true });
        // While it is held: whoever has opened it already finds that its name is gone, and tries again.
        if (isNew) rmSync(systemPath(path), { force: true });
      } catch {
        // A note is believed only while somebody holds the lock, and an empty file is in nobody's way.
      } finally {
        held.close();
      }
    },
  };
}

/**
 * False where a file is there already: it is not opened, since closing it here would end a lock that this
 * process has on it.
 */
function isMade(path: string): boolean {
  try {
    closeSync(openSync(systemPath(path), 'wx'));
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
}

/** Null where the file that was locked has lost its name meanwhile. Throws what SQLite says. */
function lockThere(path: string): DatabaseSync | null {
  const before = look(path);
  if (before === null) return null;
  const database = new (sqlite().DatabaseSync)(systemPath(path), { timeout: 0 });
  try {
    // Else an empty file is made beside it, and stays when its process dies.
    database.exec('PRAGMA journal_mode = MEMORY; BEGIN EXCLUSIVE');
    const after = look(path);
    const isSame =
      after?.dev === before.dev && after.ino === before.ino && after.birthtimeNs === before.birthtimeNs;
    if (isSame) return database;
  } catch (error) {
    database.close();
    throw error;
  }
  database.close();
  return null;
}

/** SQLite follows links, and whoever may write to the folder could have put one there. */
function look(path: string): BigIntStats | null {
  const found = lstatSync(systemPath(path), { bigint: true, throwIfNoEntry: false });
  if (found !== undefined && !found.isFile()) throw new Error('it is no file');
  return found ?? null;
}

/** Without what Node 24 says of it: that it is experimental, on the stderr of whoever runs a batch. */
function sqlite(): typeof import('node:sqlite') {
  const { emitWarning } = process;
  process.emitWarning = () => {};
  try {
    return process.getBuiltinModule('node:sqlite');
  } finally {
    process.emitWarning = emitWarning;
  }
}

function writeNote(path: string): void {
  const command = process.argv.slice(2).join(' ');
  const holder: Holder = {
    owner: ownProcess(),
    host: hostname(),
    since: new Date(wallMs()).toISOString(),
    command: shortened(`millpond ${command}`, MOST_COMMAND_LETTERS),
  };
  try {
    writeWhole(path, `${JSON.stringify(holder)}\n`);
  } catch {
    // The lock is what counts; the next one hears less.
  }
}

/** Null where nobody has said who it is, or who said so is gone. */
function readNote(path: string): Holder | null {
  try {
    const info = lstatSync(systemPath(path));
    if (!info.isFile() || info.size > MOST_NOTE_BYTES) return null;
    const { owner, host, since, command } = JSON.parse(readFileSync(systemPath(path), 'utf8')) as Holder;
    const texts = [host, since, command, owner.host, owner.boot, owner.space, owner.pid, owner.start];
    if (!texts.every((text) => typeof text === 'string')) return null;
    return isGone(owner, info) ? null : { owner, host, since, command };
  } catch {
    return null;
  }
}

function inUse(holder: Holder | null, what: string, place: string): MillpondError {
  const who =
    holder === null
      ? 'by another process, which has not said which; or its file system, as some over a network, has no locks'
      : `by process ${escaped(holder.owner.pid)} on ${escaped(holder.host)} since ${escaped(holder.since)}: ${escaped(holder.command)}`;
  return new MillpondError(
    'ERR_BATCH_LOCKED',
    `One batch at a time has ${what}; '${shown(place)}' is in use ${who}. Wait until that has ended, or name another one.`,
  );
}

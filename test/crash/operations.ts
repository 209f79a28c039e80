/**
 * What a run did to the files of a folder, read from what strace wrote down of its system calls: those of
 * Node, of its thread pool and of FFmpeg's native code alike.
 */
import { dirname, join, resolve } from 'node:path';
import { callsOf, textsOf } from './system-calls.ts';

export type Operation =
  | { readonly kind: 'folder'; readonly path: string }
  | { readonly kind: 'create'; readonly path: string; readonly file: number }
  | { readonly kind: 'write'; readonly file: number; readonly at: number; readonly bytes: Buffer }
  | { readonly kind: 'resize'; readonly file: number; readonly bytes: number }
  | { readonly kind: 'link'; readonly from: string; readonly to: string }
  | { readonly kind: 'rename'; readonly from: string; readonly to: string }
  | { readonly kind: 'remove'; readonly path: string }
  /** What was done before `after` operations had been is on the disk. */
  | { readonly kind: 'sync'; readonly of: number | string; readonly after: number };

/** One of a thread's calls, counted as strace counts them: by name and thread. */
export interface CallPoint {
  readonly call: string;
  readonly nth: number;
}

interface Recorded {
  readonly operations: readonly Operation[];
  /** Which call did each of them. */
  readonly points: readonly CallPoint[];
}

/** The calls that an operation may come from, or that say which file a number is. */
export const RECORDED_CALLS = [
  ...['open', 'openat', 'creat', 'close', 'dup', 'dup2', 'dup3', 'fcntl'],
  ...['write', 'pwrite64', 'writev', 'pwritev', 'pwritev2', 'lseek', 'ftruncate', 'truncate', 'fallocate'],
  ...['rename', 'renameat', 'renameat2', 'link', 'linkat', 'unlink', 'unlinkat', 'mkdir', 'mkdirat', 'rmdir'],
  ...['symlink', 'symlinkat', 'sendfile', 'copy_file_range'],
  ...['fsync', 'fdatasync', 'syncfs', 'sync', 'fork', 'vfork', 'clone', 'clone3', 'execve'],
];

/** An open file: numbers that came from each other share it, and with it the place in the file. */
interface Open {
  /** The number of a file in the folder, the path of a folder in it, or null for all else. */
  readonly of: number | string | null;
  readonly appends: boolean;
  at: number;
}

/** A number of an open file. */
interface Descriptor {
  readonly open: Open;
  readonly endsWithProgram: boolean;
}

/**
 * @param trace what `strace -f -xx` wrote, of {@link RECORDED_CALLS}
 * @param folder absolute, and not there before; files of it only are in the result
 * @param cwd of the traced command
 */
export function operationsOf(trace: string, folder: string, cwd: string): Recorded {
  const calls = callsOf(trace.split('\n'));
  const operations: Operation[] = [];
  const points: CallPoint[] = [];
  /** The lines that show them return. */
  const ends: number[] = [];
  const names = new Map<string, number | null>();
  const tables = new Map<string, Map<number, Descriptor>>();
  const parents = new Map<string, { parent: string; shares: boolean }>();
  for (const { thread, name, args, result } of calls) {
    if (!/^(v?fork|clone3?)$/.test(name)) continue;
    parents.set(`${result}`, { parent: thread, shares: args.includes('CLONE_FILES') });
  }
  let files = 0;

  function tableOf(thread: string): Map<number, Descriptor> {
    let table = tables.get(thread);
    if (table === undefined) {
      const from = parents.get(thread);
      const theirs = from === undefined ? new Map<number, Descriptor>() : tableOf(from.parent);
      table = from?.shares ? theirs : new Map(theirs);
      tables.set(thread, table);
    }
    return table;
  }

  const isInside = (path: string): boolean => path === folder || path.startsWith(`${folder}/`);

  for (const call of calls) {
    const { thread, name, args, result, nth, began, ended } = call;
    const table = tableOf(thread);
    const paths = (): string[] => textsOf(args).map((text) => resolve(cwd, text.toString('latin1')));
    const [first, second, third, fourth] = args.split(', ');
    const open = table.get(Number(first))?.open;
    const endsWithProgram = args.includes('CLOEXEC');
    const copyTo = (number: number): void => {
      if (open === undefined) table.delete(number);
      else table.set(number, { open, endsWithProgram });
    };
    const add = (operation: Operation): void => {
      operations.push(operation);
      points.push({ call: name, nth });
      ends.push(ended);
    };
    /** How many operations were over when this call began. */
    const before = (): number => {
      let count = operations.length;
      while (count > 0 && ends[count - 1] >= began) count--;
      return count;
    };
    const put = (bytes: Buffer, at: number | null): void => {
      if (open === undefined || typeof open.of !== 'number') return;
      const place = at ?? (open.appends ? lengthOf(operations, open.of) : open.at);
      if (result > 0) add({ kind: 'write', file: open.of, at: place, bytes: bytes.subarray(0, result) });
      if (at === null) open.at = place + result;
    };
    const sync = (of: number | string): void => add({ kind: 'sync', of, after: before() });
    const unknown = (): never => {
      throw new Error(`A replay knows what each call does to ${folder}; of '${name}' it does not: ${args}`);
    };

    switch (name) {
      case 'open':
      case 'openat':
      case 'creat': {
        const [path] = paths();
        const flags = name === 'creat' ? 'O_CREAT|O_TRUNC' : args;
        const [, number] = /^\/(?:dev\/fd|proc\/self\/fd)\/(\d+)$/.exec(path) ?? [];
        let of: Open['of'] = number === undefined ? null : (table.get(Number(number))?.open.of ?? null);
        // What it is in has its name.
        if (path === dirname(folder)) of = path;
        else if (isInside(path)) {
          const there = names.get(path);
          if (there === null || (there === undefined && !flags.includes('O_CREAT'))) of = path;
          else if (there !== undefined) of = there;
          else {
            of = ++files;
            names.set(path, of);
            add({ kind: 'create', path, file: of });
          }
        }
        if (typeof of === 'number' && flags.includes('O_TRUNC') && lengthOf(operations, of) > 0) {
          add({ kind: 'resize', file: of, bytes: 0 });
        }
        const opened = { of, at: 0, appends: flags.includes('O_APPEND') };
        table.set(result, { open: opened, endsWithProgram });
        break;
      }
      case 'close':
        table.delete(Number(first));
        break;
      case 'dup':
      case 'dup2':
      case 'dup3':
        copyTo(result);
        break;
      case 'fcntl':
        if (second.startsWith('F_DUPFD')) copyTo(result);
        break;
      case 'execve':
        for (const [number, { endsWithProgram }] of table) if (endsWithProgram) table.delete(number);
        break;
      case 'write':
      case 'writev':
        put(Buffer.concat(textsOf(args)), null);
        break;
      case 'pwrite64':
        put(Buffer.concat(textsOf(args)), Number(fourth));
        break;
      case 'pwritev':
      case 'pwritev2':
        put(Buffer.concat(textsOf(args)), Number(/\], \d+, (\d+)/.exec(args)?.[1]));
        break;
      case 'lseek':
        if (open !== undefined) open.at = result;
        break;
      case 'ftruncate':
        if (typeof open?.of === 'number') add({ kind: 'resize', file: open.of, bytes: Number(second) });
        break;
      case 'mkdir':
      case 'mkdirat': {
        const [path] = paths();
        if (!isInside(path)) break;
        names.set(path, null);
        add({ kind: 'folder', path });
        break;
      }
      case 'link':
      case 'linkat':
      case 'rename':
      case 'renameat':
      case 'renameat2': {
        const [from, to] = paths();
        if (!isInside(from) && !isInside(to)) break;
        const file = names.get(from);
        // Folders stay where they are, and nothing comes in or goes out by its name.
        if (typeof file !== 'number' || !isInside(to)) unknown();
        names.set(to, file as number);
        if (name.startsWith('rename')) names.delete(from);
        add({ kind: name.startsWith('rename') ? 'rename' : 'link', from, to });
        break;
      }
      case 'unlink':
      case 'unlinkat':
      case 'rmdir': {
        const [path] = paths();
        if (!isInside(path)) break;
        names.delete(path);
        add({ kind: 'remove', path });
        break;
      }
      case 'fsync':
      case 'fdatasync':
        if (open !== undefined && open.of !== null) sync(open.of);
        break;
      case 'fallocate':
      case 'sendfile':
        if (typeof open?.of === 'number') unknown();
        break;
      case 'copy_file_range':
        if (typeof table.get(Number(third))?.open.of === 'number') unknown();
        break;
      case 'truncate':
      case 'symlink':
      case 'symlinkat':
        if (paths().some((path) => isInside(join(path)))) unknown();
        break;
      case 'sync':
      case 'syncfs':
        unknown();
    }
  }
  return { operations, points };
}

function lengthOf(operations: readonly Operation[], file: number): number {
  let length = 0;
  for (const operation of operations) {
    if (operation.kind === 'resize' && operation.file === file) length = operation.bytes;
    if (operation.kind === 'write' && operation.file === file) {
      length = Math.max(length, operation.at + operation.bytes.length);
    }
  }
  return length;
}

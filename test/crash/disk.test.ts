import { describe, expect, it } from 'vitest';
import { replayed, seeded } from '../simulation/choices.ts';
import { Disk, LOSSES, type Loss } from './disk.ts';
import { type Operation, operationsOf } from './operations.ts';

const hex = (text: string): string =>
  `"${[...Buffer.from(text)].map((byte) => `\\x${byte.toString(16).padStart(2, '0')}`).join('')}"`;

/** As strace writes it down: two threads, of which one syncs and closes while the other goes on. */
const TRACE = `
10 openat(AT_FDCWD, ${hex('/in/a')}, O_RDONLY) = 3
10 mkdir(${hex('/out')}, 0777) = 0
10 mkdir(${hex('/out')}, 0777) = -1 EEXIST (File exists)
10 openat(AT_FDCWD, ${hex('/out/.part')}, O_WRONLY|O_CREAT|O_EXCL, 0666) = 4
10 clone3({flags=CLONE_VM|CLONE_FILES|CLONE_THREAD, exit_signal=0} => {parent_tid=[11]}, 88) = 11
10 openat(AT_FDCWD, ${hex('/dev/fd/4')}, O_RDWR|O_CREAT|O_TRUNC, 0666) = 5
10 write(5, ${hex('head body')}, 9) = 9
11 fdatasync(4 <unfinished ...>
10 lseek(5, 0, SEEK_SET) = 0
10 write(5, ${hex('HEAD')}, 4 <unfinished ...>
11 <... fdatasync resumed>) = 0
10 <... write resumed>) = 4
10 write(1, ${hex('said')}, 4) = 4
10 rename(${hex('/out/.part')}, ${hex('/out/a')}) = 0
10 openat(AT_FDCWD, ${hex('/out')}, O_RDONLY) = 6
10 fsync(6) = 0
11 close(4 <unfinished ...>
10 openat(AT_FDCWD, ${hex('/out/a')}, O_RDWR) = 4
11 <... close resumed>) = 0
10 openat(AT_FDCWD, ${hex('/out/a')}, O_RDWR|O_CLOEXEC) = 7
10 vfork() = 12
12 execve(${hex('/bin/true')}, [${hex('true')}], 0x7ffd /* 9 vars */) = 0
12 write(7, ${hex('to a pipe')}, 9) = 9
10 pwrite64(4, ${hex('!')}, 1, 9) = 1
10 ftruncate(4, 4) = 0
`;

const { operations, points } = operationsOf(TRACE, '/out', '/');

function left(count: number, loss: Loss, choices = seeded(1)) {
  const disk = new Disk('/out');
  for (const operation of operations.slice(0, count)) disk.apply(operation);
  return Object.fromEntries(
    [...disk.after(loss, choices)].map(([path, bytes]) => [path, bytes?.toString() ?? 'a folder']),
  );
}

describe('what strace wrote down', () => {
  it('is known by file and place, whatever number, offset or thread was used', () => {
    expect(operations).toEqual([
      { kind: 'folder', path: '/out' },
      { kind: 'create', path: '/out/.part', file: 1 },
      { kind: 'write', file: 1, at: 0, bytes: Buffer.from('head body') },
      { kind: 'sync', of: 1, after: 3 },
      { kind: 'write', file: 1, at: 0, bytes: Buffer.from('HEAD') },
      { kind: 'rename', from: '/out/.part', to: '/out/a' },
      { kind: 'sync', of: '/out', after: 6 },
      { kind: 'write', file: 1, at: 9, bytes: Buffer.from('!') },
      { kind: 'resize', file: 1, bytes: 4 },
    ] satisfies Operation[]);
  });

  it('counts a call as strace does, by its name and thread, with those that failed or were elsewhere', () => {
    expect(points.map(({ call, nth }) => `${call} ${nth}`)).toEqual([
      ...['mkdir 1', 'openat 2', 'write 1', 'fdatasync 1', 'write 2', 'rename 1', 'fsync 1'],
      ...['pwrite64 1', 'ftruncate 1'],
    ]);
  });

  it.each([
    `10 symlink(${hex('a')}, ${hex('/out/b')}) = 0`,
    `10 rename(${hex('/elsewhere')}, ${hex('/out/b')}) = 0`,
    '10 sync() = 0',
  ])('with a call that cannot be replayed is refused: %s', (line) => {
    expect(() => operationsOf(`10 mkdir(${hex('/out')}, 0777) = 0\n${line}\n`, '/out', '/')).toThrow(
      /A replay/,
    );
  });
});

describe('what a power loss leaves', () => {
  it('is all, as after a kill', () => {
    expect(left(5, 'none')).toEqual({ '/out': 'a folder', '/out/.part': 'HEAD body' });
    expect(left(9, 'none')).toEqual({ '/out': 'a folder', '/out/a': 'HEAD' });
  });

  it('is nothing but what was synced, and no file without its folder', () => {
    expect(left(9, 'all')).toEqual({});
    const disk = new Disk('/out');
    for (const operation of operations) disk.apply(operation);
    disk.apply({ kind: 'sync', of: '/', after: 9 });
    const found = disk.after('all', seeded(1));
    expect(Object.fromEntries(found)).toEqual({ '/out': null, '/out/a': Buffer.from('head body') });
  });

  it('is names, of files whose contents were not synced', () => {
    expect(left(3, 'contents')).toEqual({ '/out': 'a folder', '/out/.part': '' });
    expect(left(6, 'contents')).toEqual({ '/out': 'a folder', '/out/a': 'head body' });
  });

  it('is names and lengths, and zeros where nothing was synced', () => {
    expect(left(3, 'bytes')).toEqual({ '/out': 'a folder', '/out/.part': '\0'.repeat(9) });
    expect(left(8, 'bytes')).toEqual({ '/out': 'a folder', '/out/a': 'head body\0' });
    expect(left(9, 'bytes')).toEqual({ '/out': 'a folder', '/out/a': 'head' });
  });

  it('is any of what a name once meant, and any beginning of what was written', () => {
    // The folder is there, and of the first write that was not synced a half.
    expect(left(8, 'any', replayed([1, 0, 4]))).toEqual({ '/out': 'a folder', '/out/a': 'HEad body' });
    const seen = new Set(
      Array.from({ length: 200 }, (_, seed) => JSON.stringify(left(9, 'any', seeded(seed)))),
    );
    expect(seen.size).toBeGreaterThan(5);
  });
});

it('loses nothing twice: each state is made of the same operations', () => {
  const disk = new Disk('/out');
  for (const operation of operations) disk.apply(operation);
  for (const loss of LOSSES) disk.after(loss, seeded(7));
  expect(disk.after('none', seeded(7))).toEqual(disk.after('none', seeded(8)));
});

import { describe, expect, it } from 'vitest';
import { Cgroup } from '../../src/machine/cgroup.ts';
import { readCores } from '../../src/machine/cores.ts';

type Files = Record<string, string>;

const reader = (files: Files) => (path: string) => (Object.hasOwn(files, path) ? files[path] : null);
const MACHINE_BYTES = 16 * 2 ** 30;

const V1 = '/sys/fs/cgroup/cpu,cpuacct';
const mountedV1 = (root = '/') =>
  `31 23 0:28 / /sys/fs/cgroup rw - tmpfs tmpfs rw\n32 31 0:29 ${root} ${V1} rw,relatime shared:9 - cgroup cgroup rw,cpu,cpuacct\n` +
  `35 31 0:32 ${root} /sys/fs/cgroup/memory rw,relatime - cgroup cgroup rw,memory\n`;
const mountedV2 = (root = '/', point = '/sys/fs/cgroup') =>
  `30 23 0:26 ${root} ${point} rw,nosuid master:4 shared:5 - cgroup2 cgroup2 rw,nsdelegate\n`;

describe('the CPU quota', () => {
  const inV1 = (group: string, mounts: string, files: Files): Files => ({
    '/proc/self/cgroup': `4:memory:${group}\n2:cpu,cpuacct:${group}\n1:name=systemd:/\n0::/\n`,
    '/proc/self/mountinfo': mounts,
    ...files,
  });
  const inV2 = (group: string, mounts: string, files: Files): Files => ({
    '/proc/self/cgroup': `0::${group}\n`,
    '/proc/self/mountinfo': mounts,
    ...files,
  });
  const quota = (directory: string, quotaUs: string, periodUs = '100000') => ({
    [`${directory}/cpu.cfs_quota_us`]: `${quotaUs}\n`,
    [`${directory}/cpu.cfs_period_us`]: `${periodUs}\n`,
  });

  it.each<[string, Files, number | null]>([
    ['is unknown where there are no groups', {}, null],
    [
      'is a fraction where it is one',
      inV2('/', mountedV2(), { '/sys/fs/cgroup/cpu.max': '150000 100000\n' }),
      1.5,
    ],
    ['is absent with "max"', inV2('/', mountedV2(), { '/sys/fs/cgroup/cpu.max': 'max 100000\n' }), null],
    [
      'of an outer group binds too',
      inV2('/a/b', mountedV2(), {
        '/sys/fs/cgroup/a/b/cpu.max': '300000 100000\n',
        '/sys/fs/cgroup/a/cpu.max': '50000 100000\n',
      }),
      0.5,
    ],
    [
      'of the own group binds where the outer one allows more',
      inV2('/a/b', mountedV2(), {
        '/sys/fs/cgroup/a/b/cpu.max': '50000 200000\n',
        '/sys/fs/cgroup/a/cpu.max': '300000 100000\n',
      }),
      0.25,
    ],
    ['is read from version 1', inV1('/', mountedV1(), quota(V1, '50000')), 0.5],
    ['is absent with -1', inV1('/', mountedV1(), quota(V1, '-1')), null],
    ['is read in the own group of version 1', inV1('/x', mountedV1(), quota(`${V1}/x`, '250000')), 2.5],
    [
      'is found where the mount shows the own group only',
      inV1('/docker/abc', mountedV1('/docker/abc'), quota(V1, '70000')),
      0.7,
    ],
    [
      'is found where the group is below the mount',
      inV2('/a/b', mountedV2('/a'), { '/sys/fs/cgroup/b/cpu.max': '20000 10000' }),
      2,
    ],
    [
      'is that of the mount where the own directory is not there',
      inV1('/kubepods/pod1/c1', mountedV1(), quota(V1, '120000')),
      1.2,
    ],
    [
      'is that of the mount where the group is outside of it',
      inV2('/../other', mountedV2(), {
        '/sys/fs/cgroup/cpu.max': '80000 100000',
        '/sys/fs/cgroup/other/cpu.max': '1 2',
      }),
      0.8,
    ],
    [
      'is not taken from a group that only begins like the mount',
      inV2('/ab', mountedV2('/a'), { '/sys/fs/cgroup/b/cpu.max': '10000 100000' }),
      null,
    ],
    [
      'is found in the mount that shows the group, of several',
      inV2('/a', mountedV2('/b', '/mnt') + mountedV2(), {
        '/mnt/cpu.max': '10000 100000',
        '/sys/fs/cgroup/a/cpu.max': '30000 100000',
      }),
      0.3,
    ],
    [
      'is not looked for in version 2 where version 1 has the controller',
      inV1('/', mountedV1() + mountedV2('/', '/sys/fs/cgroup/unified'), {
        ...quota(V1, '60000'),
        '/sys/fs/cgroup/unified/cpu.max': '10000 100000',
      }),
      0.6,
    ],
    [
      'is found in the usual place without a list of mounts',
      inV2('/', '', { '/sys/fs/cgroup/cpu.max': '90000 100000' }),
      0.9,
    ],
    [
      'is found where the mount point has a space',
      inV2('/', mountedV2('/', '/my\\040groups'), { '/my groups/cpu.max': '40000 100000' }),
      0.4,
    ],
    ['is absent where the period is 0', inV1('/', mountedV1(), quota(V1, '50000', '0')), null],
    [
      'is absent where the quota is 0',
      inV2('/', mountedV2(), { '/sys/fs/cgroup/cpu.max': '0 100000' }),
      null,
    ],
    [
      'is absent where the period is missing',
      inV2('/', mountedV2(), { '/sys/fs/cgroup/cpu.max': '50000' }),
      null,
    ],
    ...['', '\n', 'abc def', '-5 100000', '1e9 100000', '5 5 5 \0', '0x10 1'].map(
      (text): [string, Files, null] => [
        `is absent where the file says ${JSON.stringify(text)}`,
        inV2('/', mountedV2(), { '/sys/fs/cgroup/cpu.max': text === '5 5 5 \0' ? '\0' : text }),
        null,
      ],
    ),
    [
      'survives lines that are none',
      {
        '/proc/self/cgroup': 'x\n::\n1:cpu\n\0\n0::/\n',
        '/proc/self/mountinfo': 'x - y\n - \n1 2 3\n- cgroup2 -\n',
      },
      null,
    ],
  ])('%s', (_what, files, cores) => {
    expect(new Cgroup(reader(files)).cpuCores()).toBe(cores);
  });
});

describe('cores', () => {
  const status = (list: string) =>
    reader({ '/proc/self/status': `Name:\tnode\nCpus_allowed_list:\t${list}\n` });
  const limited = (cores: number | null) => ({ cpuCores: () => cores });

  it.each<[string, number | null, number]>([
    ['0', null, 1],
    ['0-3', null, 4],
    ['0-1,4,6-7', null, 5],
    ['0-3', 1.5, 1.5],
    ['0-3', 0.5, 0.5],
    ['0-1', 8, 2],
  ])('with the affinity %s and a quota of %s are %s', (list, quota, cores) => {
    expect(readCores(status(list), limited(quota))).toBe(cores);
  });

  it.each(['', '-', 'none', '3-1'])('are at least known to Node where the affinity reads %j', (list) => {
    expect(readCores(status(list), limited(null))).toBeGreaterThanOrEqual(1);
  });
});

describe('the memory limit', () => {
  const MiB = 2 ** 20;
  const stat = (inactive: number, active: number) =>
    `anon 5\ninactive_file ${inactive}\nactive_file ${active}\ntotal_inactive_file ${2 * inactive}\ntotal_active_file ${2 * active}\n`;
  const v2 = (files: Files): Files => ({
    '/proc/self/cgroup': '0::/a\n',
    '/proc/self/mountinfo': mountedV2(),
    ...files,
  });
  const v1 = (files: Files): Files => ({
    '/proc/self/cgroup': '4:memory:/a\n0::/\n',
    '/proc/self/mountinfo': mountedV1(),
    ...files,
  });
  const A2 = '/sys/fs/cgroup/a';
  const A1 = '/sys/fs/cgroup/memory/a';

  it.each<[string, Files, ReturnType<Cgroup['memory']>]>([
    ['is unknown where there are no groups', {}, null],
    ['is absent with "max"', v2({ [`${A2}/memory.max`]: 'max\n' }), []],
    [
      'is absent with a number beyond all machines',
      v1({ [`${A1}/memory.limit_in_bytes`]: '9223372036854771712\n' }),
      [],
    ],
    ['is absent at 0', v2({ [`${A2}/memory.max`]: '0\n' }), []],
    [
      'comes with what is held but for file cache, in version 2',
      v2({
        [`${A2}/memory.max`]: `${256 * MiB}\n`,
        [`${A2}/memory.current`]: `${200 * MiB}\n`,
        [`${A2}/memory.stat`]: stat(30 * MiB, 40 * MiB),
      }),
      [{ limitBytes: 256 * MiB, heldBytes: 130 * MiB }],
    ],
    [
      'comes with the totals of all groups below, in version 1',
      v1({
        [`${A1}/memory.limit_in_bytes`]: `${256 * MiB}\n`,
        [`${A1}/memory.usage_in_bytes`]: `${200 * MiB}\n`,
        [`${A1}/memory.stat`]: stat(30 * MiB, 40 * MiB),
      }),
      [{ limitBytes: 256 * MiB, heldBytes: 60 * MiB }],
    ],
    [
      'is the mark from which allocations are slowed down, where that is lower',
      v2({
        [`${A2}/memory.max`]: `${256 * MiB}`,
        [`${A2}/memory.high`]: `${128 * MiB}`,
        [`${A2}/memory.current`]: '9',
      }),
      [{ limitBytes: 128 * MiB, heldBytes: 9 }],
    ],
    [
      'is there on each level that has one',
      v2({
        [`${A2}/memory.max`]: 'max',
        '/sys/fs/cgroup/memory.max': `${512 * MiB}`,
        '/sys/fs/cgroup/memory.current': `${100 * MiB}`,
      }),
      [{ limitBytes: 512 * MiB, heldBytes: 100 * MiB }],
    ],
    [
      'is never held below nothing, though the files are read one after the other',
      v2({
        [`${A2}/memory.max`]: `${MiB}`,
        [`${A2}/memory.current`]: '5',
        [`${A2}/memory.stat`]: stat(3, 4),
      }),
      [{ limitBytes: MiB, heldBytes: 0 }],
    ],
    [
      'is known without what is held',
      v2({ [`${A2}/memory.max`]: `${MiB}` }),
      [{ limitBytes: MiB, heldBytes: null }],
    ],
    ['is absent where the file says nonsense', v2({ [`${A2}/memory.max`]: 'lots' }), []],
  ])('%s', (_what, files, groups) => {
    expect(new Cgroup(reader(files)).memory(MACHINE_BYTES)).toEqual(groups);
  });
});

import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import type { Limited } from './limited-process.ts';

/** Groups of version 1 inside those that the tests run in: outer limits stay in force. */
function makeGroups(): { directories: string[]; remove(): void } | { refused: string } {
  const directories: string[] = [];
  const remove = () => {
    for (const directory of directories.splice(0)) rmdirSync(directory);
  };
  try {
    const own = readFileSync('/proc/self/cgroup', 'utf8');
    for (const controller of ['cpu', 'memory']) {
      const group = new RegExp(`^\\d+:(?:[^:]*,)?${controller}(?:,[^:]*)?:(.*)$`, 'm').exec(own)?.[1];
      if (group === undefined) throw new Error(`no controller '${controller}' of version 1`);
      const directory = `/sys/fs/cgroup/${controller}${group.replace(/\/$/, '')}/millpond-test-${process.pid}`;
      mkdirSync(directory);
      directories.push(directory);
    }
    const [cpu, memory] = directories;
    writeFileSync(`${cpu}/cpu.cfs_quota_us`, '50000');
    // So that it gets its half of a core on a busy machine, too.
    writeFileSync(`${cpu}/cpu.shares`, '100000');
    writeFileSync(`${memory}/memory.limit_in_bytes`, `${256 * 2 ** 20}`);
    return { directories, remove };
  } catch (error) {
    remove();
    return { refused: (error as Error).message };
  }
}

describe('a process with half a core and 256 MiB', () => {
  it('knows both, is busy with half a core, and takes no file cache for scarcity', (context) => {
    const groups = makeGroups();
    if ('refused' in groups) {
      console.warn(`skipped, as control groups can't be made here: ${groups.refused}`);
      return context.skip(groups.refused);
    }
    try {
      const program = fileURLToPath(new URL('./limited-process.ts', import.meta.url));
      const join = groups.directories.map((directory) => `echo $$ > ${directory}/cgroup.procs`).join(' && ');
      const child = spawnSync(
        'sh',
        ['-c', `${join} && exec "$@"`, 'sh', process.execPath, '--conditions=millpond-source', program],
        { encoding: 'utf8', timeout: 50_000 },
      );
      expect(child.stderr).toBe('');
      const { cores, busyShare, before, withCache, withMemory } = JSON.parse(child.stdout) as Limited;
      expect(cores).toBe(0.5);
      expect(busyShare).toBeGreaterThan(0.8);
      for (const memory of [before, withCache, withMemory]) expect(memory.limitBytes).toBe(256 * 2 ** 20);
      // 128 MiB are half of the limit.
      expect(withCache.share! - before.share!).toBeLessThan(0.15);
      expect(withMemory.share! - withCache.share!).toBeGreaterThan(0.3);
      expect(withMemory.share).toBeLessThanOrEqual(1);
    } finally {
      groups.remove();
    }
  });
});

/** Real limits for child processes: control groups of version 1, where this machine lets a test make them. */
import { mkdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';
import { startProgram } from '../e2e/millpond.ts';

export interface Groups {
  /** Runs a program of the tests inside, to its end. */
  run(program: string, ...args: string[]): ReturnType<typeof startProgram>;
  remove(): void;
}

/** Groups inside those that the tests run in, so that outer limits stay in force; or why there are none. */
export function makeGroups(limits: { cores: number; memoryBytes: number }): Groups | { refused: string } {
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
    writeFileSync(`${cpu}/cpu.cfs_quota_us`, `${limits.cores * 100_000}`);
    // So that it gets its part on a busy machine, too.
    writeFileSync(`${cpu}/cpu.shares`, '100000');
    writeFileSync(`${memory}/memory.limit_in_bytes`, `${limits.memoryBytes}`);
  } catch (error) {
    remove();
    return { refused: (error as Error).message };
  }
  const join = directories.map((directory) => `echo $$ > ${directory}/cgroup.procs`).join(' && ');
  return {
    run: (program, ...args) =>
      startProgram('sh', [
        '-c',
        `${join} && exec "$@"`,
        'sh',
        process.execPath,
        '--conditions=millpond-source',
        program,
        ...args,
      ]),
    remove,
  };
}

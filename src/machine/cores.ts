/** How many cores this process may use. Any thread. */
import { availableParallelism } from 'node:os';
import { type Cgroup, ownCgroup, type ReadText, readText } from './cgroup.ts';

/**
 * The least of affinity and the container's CPU quota; a quota of one core and a half is 1.5. 20 to 200 us.
 *
 * `availableParallelism()` would not do: it rounds a quota of version 2 down to whole cores (1.9 becomes 1),
 * and found none of version 1 where this was tried. So Linux is asked for the affinity itself.
 */
export function readCores(read: ReadText = readText, cgroup: Pick<Cgroup, 'cpuCores'> = ownCgroup()): number {
  const allowed = /^Cpus_allowed_list:\s*([\d,-]+)$/m.exec(read('/proc/self/status') ?? '')?.[1];
  const counted = allowed === undefined ? 0 : countCpus(allowed);
  const affinity = counted > 0 ? counted : availableParallelism();
  return Math.min(affinity, cgroup.cpuCores() ?? affinity);
}

/** `0-3,8` is 5. */
function countCpus(list: string): number {
  let count = 0;
  for (const range of list.split(',')) {
    const [first, last = first] = range.split('-').map(Number);
    count += last - first + 1;
  }
  return count;
}

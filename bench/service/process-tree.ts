/** What a process and all that it started take, from /proc. Linux only. */
import { readdirSync, readFileSync } from 'node:fs';

const TICK_MS = 10;

/** The process and all below it that are there now. */
export function treeOf(root: number): number[] {
  const pids = [root];
  for (const pid of pids) {
    for (const task of attempt(() => readdirSync(`/proc/${pid}/task`)) ?? []) {
      const children = attempt(() => readFileSync(`/proc/${pid}/task/${task}/children`, 'latin1')) ?? '';
      pids.push(...children.split(' ').filter(Boolean).map(Number));
    }
  }
  return pids;
}

/** Processor time of all of them, and of those that they have seen the end of. */
export function cpuMs(pids: readonly number[]): number {
  const ticks = pids.map((pid) => {
    const stat = attempt(() => readFileSync(`/proc/${pid}/stat`, 'latin1')) ?? '';
    // Behind the name, which may hold anything: utime, stime, cutime and cstime.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return fields.slice(11, 15).reduce((sum, field) => sum + Number(field), 0);
  });
  return ticks.reduce((sum, count) => sum + count, 0) * TICK_MS;
}

/** Resident memory, in which pages that several share count for each. 0 for one that has gone. */
export function rssBytes(pid: number): number {
  return kib(`/proc/${pid}/status`, /^VmRSS:\s+(\d+) kB$/m);
}

/** Resident memory, in which pages that several share count in parts. 0 for one that has gone. */
export function pssBytes(pid: number): number {
  return kib(`/proc/${pid}/smaps_rollup`, /^Pss:\s+(\d+) kB$/m);
}

function kib(file: string, line: RegExp): number {
  const text = attempt(() => readFileSync(file, 'latin1')) ?? '';
  return Number(line.exec(text)?.[1] ?? 0) * 1024;
}

/** Processes come and go while they are looked at. */
function attempt<T>(look: () => T): T | undefined {
  try {
    return look();
  } catch {
    return undefined;
  }
}

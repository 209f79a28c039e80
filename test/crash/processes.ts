/** Which processes there are, by /proc. */
import { readdirSync, readFileSync } from 'node:fs';
import { setTimeout as pass } from 'node:timers/promises';

/** Fields 3 to 5 of proc(5), counted from behind the name, which may hold anything. */
function statOf(pid: string): { state: string; parent: number; group: number } | null {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const [state, parent, group] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return { state, parent: Number(parent), group: Number(group) };
  } catch {
    return null;
  }
}

/** Without those that have ended and wait for their parent to hear of it. */
function living(matches: (stat: { parent: number; group: number }) => boolean): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .filter((pid) => {
      const stat = statOf(pid);
      return stat !== null && stat.state !== 'Z' && stat.state !== 'X' && matches(stat);
    })
    .map(Number);
}

export function childrenOf(pid: number): number[] {
  return living(({ parent }) => parent === pid);
}

function membersOf(group: number): number[] {
  return living((stat) => stat.group === group);
}

/** Milliseconds that the main thread of a process could have run, and waited for a core. 0 if it is gone. */
export function waitedMs(pid: number): number {
  try {
    return Number(readFileSync(`/proc/${pid}/schedstat`, 'utf8').split(' ')[1]) / 1e6;
  } catch {
    return 0;
  }
}

/** How long an orphan may take to notice that it is one; what is left then is an error. */
const ORPHANS_MS = 20_000;

/** Waits until a process group is empty. */
export async function emptied(group: number): Promise<void> {
  const deadline = performance.now() + ORPHANS_MS;
  for (let left = membersOf(group); left.length > 0; left = membersOf(group)) {
    if (performance.now() > deadline) throw new Error(`Processes ${left} live on without their parent.`);
    await pass(5);
  }
}

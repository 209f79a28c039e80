/**
 * How much memory the process holds beside what it may have. Any thread. 30 us in a row, up to 300 us in a
 * thread that wakes up for it.
 *
 * Resident memory is a slow measure, since malloc does not return all that is freed to the system: it may
 * show that memory is scarce, but not that it no longer is.
 */
import { totalmem } from 'node:os';
import type { Bytes } from '../bytes.ts';
import { type MemoryGroup, ownCgroup } from './cgroup.ts';

export interface ProcessMemory {
  readonly rssBytes: Bytes;
  /** The container's limit, else the machine's memory; null where neither can be read. */
  readonly limitBytes: Bytes | null;
  /** 0 to 1, over 1 where a limit was lowered under what is held; null where nothing limits. */
  readonly share: number | null;
}

/** Each may throw or return nothing of use: that counts as unknown. */
interface MemorySources {
  rssBytes(): number;
  machineBytes(): number;
  /** Memory that the process could still get. */
  availableBytes(): number | undefined;
  /** The limit that Node itself sees; where there is none, 0 or a number beyond all machines. */
  constrainedBytes(): number | undefined;
  /** Null where there are no control groups: only then is `constrainedBytes` asked. */
  groups(machineBytes: Bytes): readonly MemoryGroup[] | null;
}

let machineBytes: Bytes | undefined;

const realMemorySources: MemorySources = {
  rssBytes: () => process.memoryUsage.rss(),
  machineBytes: () => {
    machineBytes ??= totalmem();
    return machineBytes;
  },
  availableBytes: () => process.availableMemory?.(),
  constrainedBytes: () => process.constrainedMemory?.(),
  groups: (machineBytes) => ownCgroup().memory(machineBytes),
};

/** Never throws. */
export function readProcessMemory(sources: MemorySources = realMemorySources): ProcessMemory {
  const rssBytes = positive(() => sources.rssBytes());
  const machineBytes = positive(() => sources.machineBytes());
  const groups = limitingGroups(sources, machineBytes ?? Number.POSITIVE_INFINITY);
  if (groups.length > 0) {
    const limitBytes = Math.min(...groups.map((group) => group.limitBytes));
    // The group's other processes count too; and where its files can't be read, the process alone.
    const shares = groups.map((group) => (group.heldBytes ?? 0) / group.limitBytes);
    return { rssBytes: rssBytes ?? 0, limitBytes, share: Math.max((rssBytes ?? 0) / limitBytes, ...shares) };
  }
  const availableBytes = positive(() => sources.availableBytes());
  const share = rssBytes === null || availableBytes === null ? null : rssBytes / (rssBytes + availableBytes);
  return { rssBytes: rssBytes ?? 0, limitBytes: machineBytes, share };
}

function limitingGroups(sources: MemorySources, machineBytes: Bytes): readonly MemoryGroup[] {
  try {
    const groups = sources.groups(machineBytes);
    if (groups !== null) return groups;
  } catch {}
  const limitBytes = positive(() => sources.constrainedBytes());
  return limitBytes !== null && limitBytes < machineBytes ? [{ limitBytes, heldBytes: null }] : [];
}

function positive(read: () => number | undefined): number | null {
  try {
    const number = read();
    return number !== undefined && number > 0 && number < Number.POSITIVE_INFINITY ? number : null;
  } catch {
    return null;
  }
}

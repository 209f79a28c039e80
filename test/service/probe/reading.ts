/** A probe of bytes, and what it read of them. */
import { probe } from '../../../src/service/probe/probe.ts';

export function probeBytes(bytes: Buffer) {
  return probe((target, at) => copied(bytes, target, at), bytes.length);
}

/** A body may say that it is longer than it is. */
function copied(bytes: Buffer, target: Uint8Array, at: number): number {
  return at < bytes.length ? bytes.copy(target, 0, at, at + target.length) : 0;
}

/** With the time of this thread's CPU. */
export function readsOf(bytes: Buffer, size: number | null = bytes.length) {
  let [count, read] = [0, 0];
  const from = process.threadCpuUsage();
  const told = probe((target, at) => {
    count++;
    const length = copied(bytes, target, at);
    read += length;
    return length;
  }, size);
  const { user, system } = process.threadCpuUsage(from);
  return { told, reads: { count, bytes: read, cpuMs: (user + system) / 1000 } };
}

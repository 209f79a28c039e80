/**
 * The first line of /proc/stat: user, nice, system, idle, iowait, irq, softirq, steal, in ticks of 1/100 s;
 * what follows is in the first two already. Waiting for a disk is idle; what a hypervisor gave to others is
 * not.
 */
export function parseStat(stat: string): { busySeconds: number; totalSeconds: number } | null {
  const [name, ...fields] = stat.slice(0, stat.indexOf('\n')).split(/\s+/);
  const ticks = fields.slice(0, 8).map(Number);
  if (name !== 'cpu' || ticks.length < 4 || !ticks.every((tick) => tick >= 0)) return null;
  const total = ticks.reduce((sum, tick) => sum + tick, 0);
  const idle = ticks[3] + (ticks[4] ?? 0);
  return { busySeconds: (total - idle) / 100, totalSeconds: total / 100 };
}

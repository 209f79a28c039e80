import { Counting } from '../../src/budget/counting.ts';
import { CpuLoad } from '../../src/machine/cpu-load.ts';
import type { PoolOptions } from '../../src/pool/options.ts';
import { Admission } from '../../src/regulation/admission.ts';
import type { Decision } from '../../src/regulation/decision.ts';
import { Regulator } from '../../src/regulation/regulator.ts';
import { Totals } from '../../src/telemetry/totals.ts';
import { start as startCoordinator } from '../coordinator/ports.ts';

/** A regulator over a real coordinator, with its clock, CPU and process memory in the test's hands. */
export function start(
  given: Partial<PoolOptions> = {},
  more: Partial<ConstructorParameters<typeof Regulator>[0]> = {},
) {
  const world = startCoordinator(given);
  const { stand, coordinator, options, ports } = world;
  const now = { ms: 0, cpuSeconds: 0, busy: 0, loopMs: 0, processShare: null as number | null };
  const worker = { shard: 1, eventLoop: () => ({ active: now.loopMs, idle: now.ms - now.loopMs }) };
  const load = new CpuLoad({
    now: () => now.ms,
    processCpu: () => now.cpuSeconds,
    systemCpu: () => null,
    threadTimes: () => null,
    cores: () => 1,
  });
  const { ledger } = stand;
  ledger.header.blockBytes = options.blockBytes;
  const told: string[] = [];
  const decisions: Decision[] = [];
  const judged: Decision[] = [];
  const admission = new Admission(ledger, coordinator.rows, 1000, () => now.ms);
  const regulator = new Regulator(
    {
      ledger,
      coordinator,
      admission,
      options,
      threads: 2,
      load,
      readMemory: () => ({ rssBytes: 0, limitBytes: null, share: now.processShare }),
      totals: new Totals(),
      readNanoseconds: 0,
      shadow: null,
      events: {
        decided: (decision) => void decisions.push(decision),
        judged: (decision) => void judged.push(decision),
        pressureChanged: (from, to) => void told.push(`${from} to ${to}`),
        emergencyEnded: ({ recovered, milliseconds }) =>
          void told.push(`${recovered ? 'recovered' : 'over'} in ${milliseconds} ms`),
      },
      ...more,
    },
    0,
  );

  /** Time passes, with rounds of the coordinator, and the workers look at their mail. */
  function pass(ms: number, processedBytesPerSecond = 0): void {
    const counts = new Counting(ledger.row(1));
    for (const end = now.ms + ms; now.ms < end; ) {
      now.ms += 50;
      now.cpuSeconds += 0.05 * now.busy;
      counts.processed(processedBytesPerSecond / 20);
      coordinator.tick();
      regulator.tick(now.ms, [worker]);
      for (const port of ports) {
        port.deliver();
        port.answer();
      }
    }
  }

  return { ...world, ledger, regulator, admission, now, told, decisions, judged, pass };
}

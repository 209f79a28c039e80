/** What it costs acquire + release that they are counted, timed and measured. */
import type { Benchmark, Context, Table } from '../benchmark.ts';
import { inOwnProcess } from '../own-process.ts';
import { interleave, type Spread, significant, spread } from '../rounds.ts';
import { atMost } from '../targets.ts';
import type { TelemetryOptions } from './telemetry-process.ts';

const WAYS = [
  { label: 'telemetry off', telemetry: 'off' },
  { label: 'default: counters, 1 of 64 recorded', telemetry: 'default' },
  { label: 'all recorded', telemetry: 'all' },
] as const;

/** Compiled code differs from process to process by as much as what is measured: it takes many. */
const PROCESSES_A_ROUND = 3;
const CHILD = { turns: 500_000, warm: 6, rounds: 7 } as const;

const benchmark: Benchmark = {
  name: 'telemetry',
  question: 'What does telemetry cost acquire + release?',
  run,
};
export default benchmark;

async function run({ rounds }: Context): Promise<Table[]> {
  const processes = rounds * PROCESSES_A_ROUND;
  const measured = new Map<string, number[]>(WAYS.map(({ telemetry }) => [telemetry, []]));
  const spreads = await interleave(WAYS, processes, async ({ telemetry }) => {
    const options: TelemetryOptions = { telemetry, ...CHILD };
    const { nanoseconds } = await inOwnProcess<{ nanoseconds: number }>(
      './questions/telemetry-process.ts',
      options,
    );
    measured.get(telemetry)!.push(nanoseconds);
    return nanoseconds;
  });
  const off = measured.get('off')!;
  const costs: Spread[] = WAYS.map(({ telemetry }) =>
    spread(measured.get(telemetry)!.map((nanoseconds, round) => nanoseconds - off[round])),
  );
  return [
    {
      title: 'Acquire 64 KiB, write and read one sample, release (ns of CPU time)',
      columns: ['', 'median', 'least', 'most', 'over off, median', 'least', 'most'],
      rows: WAYS.map(({ label }, at) => [
        label,
        ...[spreads[at], costs[at]].flatMap(({ median, least, most }) =>
          [median, least, most].map(significant),
        ),
      ]),
      notes: [
        `${processes} processes of each kind, in turns; each difference is between processes of one round.`,
        'Off is the same code with every counter and every recorder call taken out of its source. The marks that rebalancing reads stay.',
      ],
      targets: [atMost('default sampling, over telemetry off', costs[1].median, 10, 'ns')],
    },
  ];
}

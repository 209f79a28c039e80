/**
 * Every order, up to a depth, in which idle buffers and quota move between the main thread and two workers,
 * message by message: at each step what is idle and what moves as idle memory is within the tier's count.
 * The parts are production's; a state is reached by playing its steps from the start.
 */
import { expect, it } from 'vitest';
import { KiB, MiB } from '../../src/bytes.ts';
import type { Gift } from '../../src/messages/tasks.ts';
import { hoard, start } from '../coordinator/ports.ts';

const MOST = 3;
const SIZE = 2 * KiB;
const TIER = 1;
const DEPTH = 5;

type Ports = ReturnType<typeof start>['ports'];

function begin() {
  const tier = (capacity: number) => ({ capacity, maxIdle: MOST });
  const tiers = [tier(KiB), tier(SIZE), tier(4 * KiB)] as const;
  const world = start({ budgetBytes: MiB, safety: 'off', blockBytes: KiB, tiers });
  const { main, shards, coordinator, ports, stand } = world;
  main.supply.sent = (store) => coordinator.transfers.goesBack(store);
  /** What left with the first worker's task and has not arrived; null where none runs. */
  let gifts: readonly Gift[] | null = null;
  /** Results that were released here since the last task left. */
  let back = 0;

  /** The first of the messages that wait, and no other. */
  function first(waiting: unknown[], handle: () => void): void {
    const others = waiting.splice(1);
    handle();
    waiting.push(...(others as never[]));
  }

  const steps: Record<string, () => void> = {
    'main fills its list': () => hoard(main, SIZE, 5),
    'a result of worker 1 is released': () => {
      const store = shards[0].leases.detach(shards[0].acquire(SIZE));
      const crate = { buffer: store.buffer.transfer(), tier: TIER, asked: TIER, length: SIZE, loan: 0 };
      main.attach(coordinator.transfers.attach(1, [crate])[0], SIZE, TIER).release();
      back++;
    },
    'a task leaves for worker 1': () => {
      gifts ??= coordinator.transfers.packReturns(1);
      back = 0;
    },
    'its task begins': () => {
      for (const { tier, buffers } of gifts ?? []) shards[0].idle.attach(tier, buffers);
      if (gifts !== null) gifts = [];
    },
    'its task ends': () => {
      if (gifts?.length !== 0) return;
      coordinator.transfers.arrived(1);
      gifts = null;
    },
    'worker 1 starves': () => {
      shards[0].supply.starve({ kib: MiB / KiB, tier: TIER });
      coordinator.serve();
    },
    'a round of the coordinator': () => coordinator.tick(),
    'worker 2 loses quota': () => void coordinator.cleanup.lowerQuota(2, TIER, 1),
  };
  for (const [at, port] of ports.entries()) {
    steps[`worker ${at + 1} fills its list`] = () => hoard(shards[at], SIZE, 5);
    steps[`worker ${at + 1} reads a message`] = () => first(port.toWorker, () => port.deliver());
    steps[`the coordinator reads a message of worker ${at + 1}`] = () =>
      first(port.fromWorker, () => port.answer());
  }

  function places(): number {
    const idle = [main, ...shards].reduce((sum, { idleCounts }) => sum + idleCounts[TIER], 0);
    return idle + moving(ports) + (gifts ?? []).reduce((sum, { buffers }) => sum + buffers.length, 0);
  }

  function state(): string {
    const mail = ports.map(({ toWorker, fromWorker }) => [toWorker, fromWorker]);
    const rows = [0, 1, 2].map((row) => {
      const { counters, starvingKib } = stand.ledger.row(row);
      const drawn = coordinator.rows.idle(row, TIER);
      return [world.quotas.of(row), drawn, starvingKib, Math.min(9, counters.overflows(TIER))];
    });
    const inForce = [main, ...shards].map(({ idle }) => idle.lists[TIER].quota);
    const left = gifts?.map(({ buffers }) => buffers.length);
    const told = (_key: string, value: unknown) => (value instanceof ArrayBuffer ? 0 : value);
    return JSON.stringify([mail, rows, inForce, left ?? null, Math.min(back, 4)], told);
  }

  return { steps, places, state };
}

function moving(ports: Ports): number {
  let count = 0;
  for (const { toWorker, fromWorker } of ports) {
    for (const message of [...toWorker, ...fromWorker]) {
      if (message.kind === 'gift' || message.kind === 'surrender') count += message.buffers.length;
    }
  }
  return count;
}

const full = ['main fills its list', 'worker 1 fills its list', 'worker 2 fills its list'];

it.each([
  ['nothing is idle', [], 2_600],
  ['all lists are full', [...full, 'a round of the coordinator'], 2_400],
])(
  'on every order of messages, what is idle and what moves is within the tier, where %s at first',
  {
    timeout: 600_000,
  },
  (_what, before, least) => {
    const seen = new Set<string>();
    let most = 0;
    let moved = 0;
    let reached: string[][] = [before];
    for (let depth = 0; depth < DEPTH; depth++) {
      const next: string[][] = [];
      for (const path of reached) {
        for (const name of Object.keys(begin().steps)) {
          const world = begin();
          for (const step of [...path, name]) world.steps[step]();
          const places = world.places();
          if (places > MOST) throw new Error(`${places} places of ${MOST}: ${[...path, name].join(', ')}`);
          most = Math.max(most, places);
          const state = world.state();
          if (seen.has(state)) continue;
          seen.add(state);
          if (state.includes('"gift"') || state.includes('"surrender"')) moved++;
          next.push([...path, name]);
        }
      }
      reached = next;
    }
    console.log(`places: ${seen.size} states, ${moved} with buffers on their way`);
    expect([most, seen.size >= least, moved > 50]).toEqual([MOST, true, true]);
  },
);

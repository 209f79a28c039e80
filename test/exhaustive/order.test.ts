/** The enumeration's protocol is the production code's own order of steps, told in the same words. */
import { describe, expect, it } from 'vitest';
import { Ledger } from '../../src/budget/ledger.ts';
import { AtomicMemory } from '../../src/budget/memory.ts';
import { KiB } from '../../src/bytes.ts';
import { Coordinator } from '../../src/coordinator/coordinator.ts';
import type { Link } from '../../src/coordinator/links.ts';
import { Quotas } from '../../src/coordinator/quotas.ts';
import type { Answer } from '../../src/messages/asks.ts';
import { resolvePoolOptions } from '../../src/pool/options.ts';
import { DEFAULT_TIERS } from '../../src/pool/tiers.ts';
import { LARGE, MEDIUM, makeStand, SMALL } from '../stand.ts';
import type { Case } from './cases.ts';
import type { Job } from './jobs.ts';
import { PROTOCOL } from './protocol.ts';
import { Transitions } from './transitions.ts';
import { GONE, type World } from './world.ts';

const given: Case = {
  name: 'order',
  budgetKib: 9,
  main: { operations: 0, of: [], holds: [2] },
  workers: [{ operations: 0, of: [] }],
  least: 0,
};

/** The jobs of an agenda as the enumeration does them, without their atomic steps. */
function enumerated(agenda: readonly Job[], arrange: (world: World) => void): string[] {
  const transitions = new Transitions(given, PROTOCOL);
  const world = transitions.first();
  arrange(world);
  const told: string[] = [];
  const tell = (step: string): void => {
    const what = step.replace(/ \d+ KiB|[:,] .*/g, '');
    if (told.at(-1) !== what) told.push(what);
  };
  transitions.take(world, { by: 0, what: 'turns to', agenda }, tell);
  while (world.threads[0].agenda.length > 0) {
    transitions.take(world, { by: 0, what: 'goes on', agenda: [] }, tell);
  }
  return told;
}

/** A coordinator of the main thread and one worker, and what it does from now on, in words. */
function spied({ messages = [], deaf = false }: { messages?: Answer[]; deaf?: boolean }) {
  const stand = makeStand({ budgetBytes: 8 * LARGE }, { shards: 2 });
  const options = resolvePoolOptions({ budgetBytes: 8 * LARGE }, 1);
  const told: string[] = [];
  class Spy extends Ledger {
    override move(from: number, to: number, kib: number): void {
      if (to === 0)
        told.push(from === lastGift ? 'could not post and moves the charge back from' : 'receives from');
      else {
        told.push('moves the charge to');
        lastGift = to;
      }
      super.move(from, to, kib);
    }
    override uncharge(row: number, kib: number): void {
      told.push('un-charges the loans of');
      super.uncharge(row, kib);
    }
    override writeOff(row: number): number {
      told.push('zeroes the row of');
      return super.writeOff(row);
    }
    override release(row: number): void {
      told.push('frees the row of');
      super.release(row);
    }
  }
  let lastGift = -1;
  const ledger = new Spy(stand.ledger.shared, new AtomicMemory(stand.ledger.words));
  const events = { rebalanced() {}, refused() {}, closed() {} };
  const quotas = new Quotas(DEFAULT_TIERS, 2);
  quotas.open(0);
  const coordinator = new Coordinator({
    ledger,
    shard: stand.shards[0],
    options,
    quotas,
    events,
    now: () => 0,
  });
  const link: Link = {
    post: (message) => {
      if (message.kind !== 'gift') return;
      if (deaf) throw new Error('cannot be cloned');
      told.push('posts to');
    },
    receive: () => {
      const message = messages.shift();
      if (message === undefined) told.push('has emptied the port of');
      return message;
    },
    close: () => {},
  };
  coordinator.connect(1, link);
  const said = (): string[] => told.map((what) => `the coordinator ${what} worker 1`);
  return { coordinator, stand, said };
}

describe('the coordinator keeps the order that is enumerated', () => {
  it('when it buries a worker', () => {
    const buffers = [new ArrayBuffer(MEDIUM)];
    const { coordinator, stand, said } = spied({
      messages: [{ kind: 'surrender', ticket: 0, tier: 1, buffers }],
    });
    stand.shards[1].supply.reserve((MEDIUM + SMALL) / KiB);
    stand.shards[0].supply.reserve(LARGE / KiB);
    coordinator.loans.dispatch(coordinator.loans.open(LARGE), 1);
    coordinator.bury(1);
    const steps = enumerated(PROTOCOL.bury(1), (world) => {
      const worker = world.own(1);
      worker.life = GONE;
      worker.port = [3];
      world.open = [{ kib: 2, holder: 1 }];
    });
    expect(said()).toEqual(steps.filter((step) => !step.includes('has buried')));
    expect(said()).toHaveLength(5);
  });

  it.each([
    ['when it gives a buffer', false, PROTOCOL.give(1, 2)],
    ['when a buffer cannot be posted', true, PROTOCOL.failingGive(1, 2)],
  ])('%s', (_when, deaf, agenda) => {
    const { coordinator, stand, said } = spied({ deaf });
    const [main, needy] = stand.shards;
    main.acquire(MEDIUM).release();
    coordinator.tick();
    // The worker allocates, and what lay idle here goes to it.
    for (let misses = 0; misses < 4; misses++) needy.acquire(MEDIUM);
    coordinator.tick();
    expect(said()).toEqual(enumerated(agenda, () => {}));
    expect(said()).toHaveLength(2);
  });

  it('when a worker frees memory: it is gone when its charge falls', () => {
    // Off, or the release would detach the view already.
    const { shards } = makeStand({ safety: 'off' }, { shards: 1 });
    const [shard] = shards;
    const lease = shard.acquire(MEDIUM);
    const { bytes } = lease;
    lease.release();
    let lengthThen = -1;
    const { uncharge } = shard.supply;
    shard.supply.uncharge = (kib) => {
      lengthThen = bytes.length;
      uncharge.call(shard.supply, kib);
    };
    expect(bytes.length).toBe(MEDIUM);
    shard.idle.trim(MEDIUM / KiB);
    expect(lengthThen).toBe(0);
  });
});

/** Plays a schedule, and ends it: everything must have come home then. */
import type { World } from './world.ts';

const MOST_ROUNDS = 5000;

/** Plays a schedule to its end. @throws when a promise is broken */
export async function playOut(world: World): Promise<void> {
  for (let turn = 0; turn < world.machine.world.turns; turn++) {
    world.turns.take(world, true);
    // What waits without blocking goes on between two turns.
    await null;
  }
  await end(world);
}

async function end(world: World): Promise<void> {
  world.beginEnd();
  await settleAll(world);
  world.users.releaseAll();
  if (world.coordinator.loans.count > 0)
    throw new Error(`promise 2: ${world.coordinator.loans.count} loans never came home`);
  if (world.users.running > 0) throw new Error('promise 7: a run never ended');
  if (world.users.reading.count > 0) throw new Error('promise 12: a read of a value never ended');
  if (world.users.awaiting > 0) throw new Error('promise 12: there is room, and one still waits for it');
  world.checks.hands();

  world.closing = true;
  const closing = Promise.all(world.workers.map(({ row }) => world.coordinator.close(row)));
  await settleAll(world);
  await closing;
  for (const { name, row, dead } of world.workers) {
    const [kib, held] = [row < 0 ? 0 : world.ledger.chargedKib(row), world.machine.book.heldBy(name)];
    if (!dead && kib + held > 0)
      throw new Error(`promise 3: ${name} keeps ${held} buffers and ${kib} KiB after close`);
  }
  for (const worker of world.workers) worker.kill();
  await settleAll(world);
  world.shard.close();
  world.shard.abandon();
  world.turns.tell();
  const charged = (world.ledger.sumKib() ?? Number.NaN) as number;
  const left = [...world.machine.book.live.values()];
  if (charged !== 0 || left.length > 0) {
    throw new Error(`promise 3: ${charged} KiB are charged after close, live are ${JSON.stringify(left)}`);
  }
}

/** Lets everybody finish, and time pass, until nothing is left to do. */
async function settleAll(world: World): Promise<void> {
  for (const worker of world.workers) worker.finishing = true;
  for (let quiet = 0, rounds = 0; quiet < 3; rounds++) {
    if (rounds > MOST_ROUNDS) throw new Error('promise 7: the end does not come');
    await null;
    if (world.turns.take(world, true)) {
      if (world.supply.sleepers.length === 0) continue;
    } else if (world.users.asking === 0 && world.tasks.quiet && world.users.awaiting === 0) quiet++;
    // A waiter that nobody serves any more must end by its own deadline.
    world.passTime();
  }
}

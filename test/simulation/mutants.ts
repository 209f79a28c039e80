/**
 * Wrong variants of the protocol. Over 300 lines because it is one list, whose places are the numbers of its
 * mutants for `mutant-main.ts`.
 */
import { EMIT_MUTANTS } from './emit-mutants.ts';
import type { Mutant } from './mutant.ts';
import { QUEUE_MUTANTS } from './queue-mutants.ts';
import { TURN_MUTANTS } from './turn-mutants.ts';

/** Schedules in which a mutant must be caught, whatever the seed. */
export const ALLOWED = 10_000;

const ledger = 'budget/ledger.ts';
const coordinator = 'coordinator/coordinator.ts';

/**
 * Wrong variants of the protocol: each is the production code with one piece of it replaced. A simulator that
 * lets one of them pass proves nothing. (Those of the ledger's scans are caught by test/exhaustive, which
 * leaves out no order.) `from` must be in the file exactly once, so that a mutant cannot fade away unnoticed.
 */
export const MUTANTS: readonly Mutant[] = [
  {
    name: 'subtracts before it adds when a charge moves',
    world: 'tight',
    file: ledger,
    from: 'memory.add(rowWord(to) + CHARGED, kib);\n    memory.add(rowWord(from) + CHARGED, -kib);',
    to: 'memory.add(rowWord(from) + CHARGED, -kib);\n    memory.add(rowWord(to) + CHARGED, kib);',
  },
  {
    name: 'checks before it adds, and not after',
    world: 'mixed',
    file: ledger,
    from: 'if (sum !== null && sum <= mostKib) {',
    to: 'if (sum !== null) {',
  },
  {
    name: "zeroes a dead worker's row before its port is drained",
    world: 'deadly',
    file: coordinator,
    from: 'const link = this.#links.remove(row);',
    to: 'this.#ledger.writeOff(row);\n    const link = this.#links.remove(row);',
  },
  {
    name: "un-charges a dead worker's loans when the run is rejected",
    world: 'mixed',
    file: 'runtime/running-tasks.ts',
    from: "else endings.fail(entry, 'lost', (at > ran ? lostUnbegun : workerLost)(entry.name, member, error));",
    to: `else for (const crate of entry.task.crates) {
        const { ledger, coordinator } = this.#parts;
        if (coordinator.loans.settle(crate.loan)) ledger.uncharge(0, coordinator.rows.tierKib(crate.tier));
      }
      endings.fail(entry, 'lost', (at > ran ? lostUnbegun : workerLost)(entry.name, member, error));`,
  },
  {
    name: "never un-charges a dead worker's loans",
    world: 'mixed',
    file: coordinator,
    from: 'if (loanBytes > 0) this.#ledger.uncharge(MAIN_ROW, loanBytes / KiB);',
    to: '',
  },
  {
    name: 'un-charges memory before it is freed',
    world: 'mixed',
    file: 'pool/idle.ts',
    from: 'if (!store.free()) {',
    to: 'this.#supply.uncharge(store.capacity / KiB);\n    if (store.free()) return;\n    else {',
  },
  {
    name: 'credits quota before the donor has given it up',
    world: 'churning',
    file: 'coordinator/quota-moves.ts',
    from: "this.#links.post(from, { kind: 'quota', ticket, tier, quota });",
    to: "this.#links.post(from, { kind: 'quota', ticket, tier, quota });\n    this.#asks.take(ticket);\n    this.raise(to, tier, count);",
  },
  {
    name: 'keeps what results brought beside what its quota allows',
    world: 'returning',
    file: 'pool/free-list.ts',
    from: 'if (this.#length >= this.#room) return false;\n    this.#returns',
    to: 'this.#returns',
  },
  {
    name: 'uses the places of what left with a task before it has arrived',
    world: 'returning',
    file: 'coordinator/quota-moves.ts',
    from: 'this.#shard.idle.setQuota(tier, this.#quotas.lower(MAIN_ROW, tier, count));',
    to: '',
  },
  {
    name: 'sends buffers away and keeps their places',
    world: 'returning',
    file: 'thread/responder.ts',
    from: 'idle.setQuota(message.tier, message.quota);\n        this.#surrender',
    to: 'this.#surrender',
  },
  {
    name: 'wakes nobody when memory comes free',
    file: ledger,
    from: 'this.#memory.add(rowWord(row) + CHARGED, -kib);\n    this.wake();',
    to: 'this.#memory.add(rowWord(row) + CHARGED, -kib);',
  },
  {
    world: 'churning',
    name: 'gives buffers to a shard that is gone',
    file: 'coordinator/links.ts',
    from: 'if (link === undefined) return false;\n    const kib = chargeOf(gift.buffers);\n    this.#ledger.move(MAIN_ROW, row, kib);',
    to: 'const kib = chargeOf(gift.buffers);\n    this.#ledger.move(MAIN_ROW, row, kib);\n    if (link === undefined) return true;',
  },
  {
    name: 'settles a loan again that came home before',
    world: 'mixed',
    file: 'coordinator/loans.ts',
    from: 'return this.#open.delete(loan);',
    to: 'return this.#open.has(loan);',
  },
  {
    name: 'moves the charge of a gift after it was posted',
    world: 'tight',
    file: 'coordinator/links.ts',
    from: 'link.post(gift, gift.buffers);',
    to: 'this.#ledger.move(row, MAIN_ROW, kib);\n      link.post(gift, gift.buffers);\n      this.#ledger.move(MAIN_ROW, row, kib);',
  },
  {
    world: 'churning',
    name: 'keeps the charge moved when the post of a gift throws',
    file: 'coordinator/links.ts',
    from: 'this.#ledger.move(row, MAIN_ROW, kib);\n      return false;',
    to: 'return false;',
  },
  {
    name: 'pools a loan in the worker that it was lent to',
    world: 'mixed',
    file: 'pool/leases.ts',
    from: 'this.#homebound.push(store);',
    to: 'this.#idle.put(store);',
  },
  {
    name: 'forgets what is in the quarantine of a pin',
    world: 'mixed',
    file: 'pool/leases.ts',
    from: 'if (store.pins === 0 && this.#quarantine.remove(store)) this.#leaveQuarantine(store);',
    to: 'if (store.pins === 0) this.#quarantine.remove(store);',
  },
  {
    name: 'ends a task before the leases that it forgot are reclaimed',
    world: 'mixed',
    file: 'pool/leases.ts',
    from: 'this.#lentStores((store) => store.task === task) : [];',
    to: 'this.#lentStores((store) => store.task === task && store.loan > 0) : [];',
  },
  {
    name: 'puts an idle buffer into its list twice',
    file: 'pool/idle.ts',
    from: 'if (this.#push(store)) return;',
    to: 'if (this.#push(store) && this.#push(store)) return;',
  },
  {
    name: 'leaves the gifts of a task that could not be posted with its worker',
    world: 'deadly',
    file: 'runtime/task-memory.ts',
    from: 'this.#coordinator.transfers.unpackReturns(row, task.gifts);',
    to: '',
  },
  {
    name: 'loses buffers that it could not send',
    world: 'deadly',
    file: 'thread/responder.ts',
    from: 'this.#shard.idle.reattach(stores);',
    to: '',
  },
  {
    name: 'keeps idle memory when it closes',
    file: 'pool/shard.ts',
    from: 'this.idle.close();',
    to: '',
  },
  {
    name: 'leaves a lease in use that has moved',
    file: 'pool/leases.ts',
    from: 'lease.generation = MOVED;',
    to: '',
  },
  {
    name: 'lets a shard take the lease of another',
    file: 'pool/leases.ts',
    from: 'if (store.lender !== this) throw foreignError(store);',
    to: '',
  },
  {
    name: 'tells of forgotten leases without the name of their task',
    file: 'runtime/running-tasks.ts',
    from: 'leakEvent(entry.name, leaks,',
    to: "leakEvent('a task', leaks,",
  },
  {
    name: 'lets a task in that the budget cannot hold beside the others',
    file: 'regulation/admission.ts',
    from: 'return needKib === 0 || this.#committedKib() + needKib <= this.#ledger.limitKib;',
    to: 'return true;',
  },
  {
    name: 'gives back more quota after an emergency than it took',
    world: 'churning',
    file: 'coordinator/cleanup.ts',
    from: 'dropped[tier] -= this.#moves.spend(row, tier, count);',
    to: 'this.#moves.raise(row, tier, count);',
  },
  {
    name: 'waits on after the deadline of a request',
    file: 'pool/ladder.ts',
    from: 'const left = deadline - supply.now();',
    to: 'const left = deadline + 20e6 - supply.now();',
  },
  {
    name: 'gives up before the deadline of a request',
    file: 'pool/ladder.ts',
    from: 'if (!(left > 0)) throw',
    to: 'if (!(left > 5e6)) throw',
  },
  {
    name: 'clears its mail flag after it has read the port',
    file: 'thread/mailbox.ts',
    from: 'this.#work();\n  }\n\n  /** What',
    to: 'this.#flag.clearMail();\n    this.#work();\n  }\n\n  /** What',
  },
  {
    name: 'raises the mail flag before it posts',
    file: 'coordinator/links.ts',
    from: 'link.post(message, []);\n    this.#flag(row);',
    to: 'this.#flag(row);\n    link.post(message, []);',
  },
  {
    name: 'runs a task again that had begun when its worker died',
    world: 'sharing',
    file: 'runtime/running-tasks.ts',
    from: 'if (at > ran && ',
    to: 'if (at >= ran && ',
  },
  {
    name: 'runs a task again whose buffers died with its worker',
    world: 'deadly',
    file: 'runtime/running-tasks.ts',
    from: 'entry.task.crates.length === 0 || entry.back;',
    to: 'true;',
  },
  {
    name: 'loses tasks that came back from a thread that ended',
    world: 'sharing',
    file: 'runtime/running-tasks.ts',
    from: 'entry.back = true;',
    to: '',
  },
  {
    name: 'takes what came back for memory that died with its thread',
    world: 'sharing',
    file: 'runtime/running-tasks.ts',
    from: 'entry.task = this.#parts.memory.recall(member.row, task);',
    to: 'entry.task = { ...task, gifts: [] };',
  },
  {
    name: 'keeps for itself what a cancelled task brought that came back',
    world: 'sharing',
    file: 'runtime/running-tasks.ts',
    from: 'if (entry.back) memory.bringHome(entry.task);',
    to: '',
  },
  {
    name: 'forgets what came to a thread and was not taken before it ended',
    world: 'deadly',
    file: 'thread/task-loop.ts',
    from: '...unread.flatMap(readTasks)',
    to: '',
  },
  {
    name: 'keeps what ended while something is posted that came after it',
    world: 'sharing',
    file: 'thread/task-loop.ts',
    from: 'if (alone) {\n      this.#flush();',
    to: 'if (alone) {',
  },
  {
    name: 'forgets the cancel of a task that has not come',
    world: 'sharing',
    file: 'thread/task-loop.ts',
    from: 'if (!tasks.some(({ task }) => task === cancelled)) this.#cancelled.delete(cancelled);',
    to: 'this.#cancelled.delete(cancelled);',
  },
  {
    name: 'tells of a cancel before it says of which task',
    world: 'sharing',
    file: 'coordinator/coordinator.ts',
    from: "this.#links.post(row, { kind: 'cancel', task });\n    this.#ledger.row(row).countCancel();",
    to: "this.#ledger.row(row).countCancel();\n    this.#links.post(row, { kind: 'cancel', task });",
  },
  {
    name: 'leaves what a task brought that was cancelled before it began',
    world: 'sharing',
    file: 'thread/task-loop.ts',
    from: 'const input = this.#frame.begin(task);',
    to: 'if (this.#cancelled.has(task.task)) {\n        this.#keep({ result: { task: task.task }, transfer: [], alone: false });\n        continue;\n      }\n      const input = this.#frame.begin(task);',
  },
  {
    name: 'takes idle memory of the reserve for what outlives its task',
    world: 'reserving',
    file: 'pool/ladder.ts',
    from: 'const ofReserve = request.leaveKib > 0 && supply.canBlock;',
    to: 'const ofReserve = false;',
  },
  {
    name: 'lets the main thread acquire what is left for running tasks',
    world: 'reserving',
    file: 'pool/shard.ts',
    from: 'options?.leaveReserve || !this.#supply.canBlock',
    to: 'options?.leaveReserve',
  },
  {
    name: 'parts a task from its thread as soon as it was told to stop',
    world: 'limited',
    file: 'runtime/time-limits.ts',
    from: ' || nowMs - entry.toldMs < stopMs',
    to: '',
  },
  {
    name: 'parts a task from its thread without a word',
    world: 'limited',
    file: 'runtime/time-limits.ts',
    from: 'coordinator.cancel(member.row, task.task);',
    to: '',
  },
  {
    name: 'loses what a task brings whose time was over',
    world: 'limited',
    file: 'runtime/running-tasks.ts',
    from: "memory.keep(arrival);\n      endings.fail(entry, 'failed', timedOut(entry, error",
    to: "endings.fail(entry, 'failed', timedOut(entry, error",
  },
  {
    name: 'rests while a shard starves',
    world: 'resting',
    file: 'runtime/wire-main-thread.ts',
    from: 'ledger.header.hungerKib > 0 ||',
    to: '',
  },
  {
    name: 'sleeps on when a task comes',
    world: 'resting',
    file: 'runtime/wire-main-thread.ts',
    from: 'const accepted = (): void => heartbeat.wake();',
    to: 'const accepted = (): void => {};',
  },
  {
    name: 'rests while the main thread holds leases',
    world: 'resting',
    file: 'runtime/wire-main-thread.ts',
    from: 'shard.leases.lent ||',
    to: '',
  },
  ...QUEUE_MUTANTS,
  ...EMIT_MUTANTS,
  ...TURN_MUTANTS,
];

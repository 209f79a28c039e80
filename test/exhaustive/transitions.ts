/**
 * What may happen next in a world, and how: one atomic step of one thread, of the ledger's own code or of
 * what lies between two calls of it (a message, a buffer freed), or one stage of a worker's death.
 */
import { type Answer, Calls, type Node } from './calls.ts';
import type { Case, Role } from './cases.ts';
import { expand, type Job, job, kibOf, kindOf, threadOf } from './jobs.ts';
import type { Protocol } from './protocol.ts';
import { ALIVE, BURIED, GONE, STOPPED, sum, Thread, World } from './world.ts';

export interface Choice {
  readonly by: number;
  readonly what: 'goes on' | 'begins' | 'turns to' | 'ends';
  /** What it begins, or the event that the coordinator turns to; empty otherwise. */
  readonly agenda: readonly Job[];
}

export class Transitions {
  readonly calls: Calls;
  /** How many jobs of each name were done; a reservation counts as granted or refused. */
  readonly done = new Map<string, number>();
  readonly #case: Case;
  readonly #protocol: Protocol;
  readonly #roles: readonly Role[];

  constructor(given: Case, protocol: Protocol) {
    const { workers, main, replacement, budgetKib, scans = 1, tries = 1, peak = false } = given;
    this.#case = given;
    this.#protocol = protocol;
    this.#roles = [main, ...workers, ...(replacement === undefined ? [] : [replacement])];
    const rows = 1 + workers.length;
    this.calls = new Calls(protocol.ledger, { rows, budgetKib, patience: { scans, tries }, peak });
  }

  first(): World {
    const { workers, kills = 0, replacement } = this.#case;
    const threads = this.#roles.map((role, at) => {
      const thread = new Thread(at, role.operations);
      thread.own = [...(role.holds ?? [])];
      return thread;
    });
    const world = new World(1 + workers.length, threads, kills);
    for (let row = 0; row < world.rows; row++) world.charge(row, sum(threads[row].own), row);
    if (replacement !== undefined) {
      threads[world.rows].row = -1;
      threads[world.rows].agenda = [job('claim')];
    }
    return world;
  }

  choices(world: World): Choice[] {
    const choices: Choice[] = [];
    world.threads.forEach((thread, by) => {
      if (thread.life === STOPPED) choices.push({ by, what: 'ends', agenda: [] });
      if (thread.life !== ALIVE || (thread.row < 0 && !world.burying)) return;
      if (by > 0 && by < world.rows && world.kills > 0) choices.push({ by, what: 'ends', agenda: [] });
      if (thread.agenda.length > 0) choices.push({ by, what: 'goes on', agenda: [] });
      else {
        if (by === 0) this.#events(world, choices);
        if (thread.left > 0) this.#operations(world, by, choices);
      }
    });
    return choices;
  }

  /** Changes the world, and tells of it in words where that is asked for. */
  take(world: World, { by, what, agenda }: Choice, tell?: (step: string) => void): void {
    const thread = world.own(by);
    if (what === 'ends') {
      this.#end(world, thread);
      const now = thread.life === STOPPED ? 'is stopped' : 'is gone, with its memory';
      tell?.(`worker ${by} ${now}`);
      return;
    }
    if (what === 'begins') thread.left--;
    if (what !== 'goes on') thread.agenda = [...agenda];
    this.#go(world, by, tell);
  }

  /** Lets everybody give everything back, one after the other. */
  close(world: World): void {
    for (const { holder, kib } of world.open) {
      const thread = world.own(holder);
      thread.loans = thread.loans.toSpliced(thread.loans.indexOf(kib), 1);
      this.#straight(world, `uncharge 0 ${kib}`, (ledger) => ledger.uncharge(0, kib));
    }
    world.open = [];
    world.threads.forEach(({ life, row, own, lasting, inbox }, at) => {
      if (life !== ALIVE || row < 0) return;
      for (const kib of [...own, ...lasting, ...inbox.filter((parcel) => parcel > 0)]) {
        this.#straight(world, `uncharge ${row} ${kib}`, (ledger) => ledger.uncharge(row, kib));
      }
      const thread = world.own(at);
      thread.own = [];
      thread.lasting = [];
      thread.inbox = [];
    });
  }

  /** What the coordinator may turn to next, in any order. */
  #events(world: World, choices: Choice[]): void {
    world.threads.forEach((thread, at) => {
      if (at === 0) return;
      const add = (agenda: readonly Job[]): void => void choices.push({ by: 0, what: 'turns to', agenda });
      if (thread.port.length > 0) add([job('receive', { at })]);
      if (thread.life === GONE) add(this.#protocol.bury(at));
      if (thread.life === STOPPED && !thread.rejected) {
        const agenda = this.#protocol.rejected(at);
        if (agenda.length > 0) add(agenda);
      }
    });
  }

  #operations(world: World, by: number, choices: Choice[]): void {
    const { own, lasting, loans, inbox } = world.threads[by];
    const held = [...new Set(own)];
    const { of, sizes = [] } = this.#roles[by];
    const others = world.threads.flatMap(({ life, row }, at) =>
      at > 0 && row >= 0 && life < BURIED ? [at] : [],
    );
    const add = (agenda: readonly Job[]): void => void choices.push({ by, what: 'begins', agenda });
    for (const operation of of) {
      if (operation === 'reserve') for (const kib of sizes) add([job('reserve', { kib })]);
      if (operation === 'keep') for (const kib of sizes) add([job('keep', { kib })]);
      if (operation === 'let go') for (const kib of new Set(lasting)) add([job('letGo', { kib })]);
      if (operation === 'free') for (const kib of held) add(this.#protocol.free(kib));
      if (operation === 'send') for (const kib of held) add([job('send', { kib })]);
      if (operation === 'home') for (const kib of new Set(loans)) add([job('giveBack', { kib })]);
      if (operation === 'receive' && inbox.length > 0) add([job('open')]);
      for (const at of others) {
        if (operation === 'give') for (const kib of held) add(this.#protocol.give(at, kib));
        if (operation === 'lend') for (const kib of held) add([job('lend', { at, kib })]);
        if (operation === 'failing give') for (const kib of held) add(this.#protocol.failingGive(at, kib));
      }
    }
  }

  #end(world: World, thread: Thread): void {
    thread.agenda = [];
    thread.node = null;
    thread.scan = null;
    if (thread.life === ALIVE) {
      thread.life = STOPPED;
      world.kills--;
      return;
    }
    thread.life = GONE;
    thread.own = [];
    thread.lasting = [];
    thread.loans = [];
    thread.inbox = [];
  }

  /** One step of a thread's current job. */
  #go(world: World, by: number, tell?: (step: string) => void): void {
    const who = by === 0 ? 'the coordinator' : `worker ${by}`;
    let first = this.#next(world, by);
    while (first !== undefined && kindOf(first).silent) {
      kindOf(first).before?.(world, by, threadOf(first), kibOf(first));
      this.#finish(world, by);
      tell?.(`${who} ${describe(first)}`);
      first = this.#next(world, by);
    }
    if (first === undefined) return;
    const kind = kindOf(first);
    const at = threadOf(first);
    const kib = kibOf(first);
    let { node } = world.threads[by];
    if (node === null) {
      kind.before?.(world, by, at, kib);
      const call = kind.call?.(world, by, at, kib) ?? null;
      if (call !== null) node = this.calls.start(call.name, call.run);
      else {
        if (!kind.after?.(world, by, at, kib, undefined)) this.#finish(world, by);
        this.#count(kind.name);
        tell?.(`${who} ${describe(first)}`);
        return;
      }
    }
    let step = '';
    let scan = world.threads[by].scan ?? node.scan;
    const next = (scan ?? node).step;
    if (next !== null) {
      const answer = world.step(next);
      if (tell !== undefined) step = `: ${describeStep(world, next, answer)}`;
      if (scan === null) node = this.calls.next(node, answer);
      else {
        scan = this.calls.next(scan, answer);
        if (ended(scan)) {
          step += `, and sums to ${String(scan.result)}`;
          node = this.calls.next(node, scan.result as Answer);
          scan = null;
        }
      }
    }
    const thread = world.own(by);
    thread.node = node;
    thread.scan = scan;
    if (ended(node)) {
      thread.node = null;
      if (!kind.after?.(world, by, at, kib, node.result)) this.#finish(world, by);
      this.#count(node.result === undefined ? kind.name : `${kind.name}: ${String(node.result)}`);
      if (node.result !== undefined) step += `, and gets ${String(node.result)}`;
    }
    tell?.(`${who} ${describe(first)}${step}`);
  }

  /** The job to go on with. The port of a dead worker is emptied message by message. */
  #next(world: World, by: number): Job | undefined {
    const { agenda } = world.threads[by];
    if (agenda.length === 0) return undefined;
    const expanded = expand(agenda[0], world);
    if (expanded.length > 1) world.own(by).agenda = [...expanded, ...agenda.slice(1)];
    return expanded[0];
  }

  #finish(world: World, by: number): void {
    const thread = world.own(by);
    thread.agenda = thread.agenda.slice(1);
  }

  #count(name: string): void {
    this.done.set(name, (this.done.get(name) ?? 0) + 1);
  }

  #straight(world: World, name: string, run: Parameters<Calls['start']>[1]): void {
    let node = this.calls.start(name, run);
    while (node.step !== null) node = this.calls.next(node, world.step(node.step));
    if (!ended(node)) throw new Error(`${name} is not made of steps only.`);
  }
}

function ended(node: Node): boolean {
  return node.step === null && node.scan === null;
}

function describe(job: Job): string {
  const kib = kibOf(job);
  const at = threadOf(job);
  return [kindOf(job).name, ...(at > 0 ? [`worker ${at}`] : []), ...(kib > 0 ? [`${kib} KiB`] : [])].join(
    ' ',
  );
}

function describeStep(
  world: World,
  { kind, at, value }: { kind: string; at: number; value: number },
  answer: number,
): string {
  const name = world.nameOf(at);
  if (kind === 'load') return `reads ${answer} in ${name}`;
  if (kind === 'add') return `adds ${value} to ${name}, which was ${answer}`;
  if (kind === 'store') return `stores ${value} in ${name}`;
  return `exchanges ${name}, which was ${answer}`;
}

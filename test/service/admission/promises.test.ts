/** What admission promises, on any sequence of what is done to it. */
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { Admission } from '../../../src/service/admission/admission.ts';
import type { Refused } from '../../../src/service/admission/asked.ts';
import type { Entry } from '../../../src/service/admission/entry.ts';
import { settings } from './settings.ts';

const MOST = { entries: 6, bytes: 3e6 };
const CLIENTS = ['a', 'b', 'heavy'];

/** One service, its entries as its user knows them. */
class World {
  readonly cores: number;
  readonly admission: Admission;
  readonly coming: Entry[] = [];
  readonly waiting: Entry[] = [];
  readonly running: Entry[] = [];
  readonly tickets: (readonly [client: string, ticket: string])[] = [];
  nowMs = 0;

  constructor(cores: number) {
    this.cores = cores;
    this.admission = new Admission(
      settings({
        cores,
        mostEntries: MOST.entries,
        mostBytes: MOST.bytes,
        weightOf: (client) => (client === 'heavy' ? 4 : 1),
      }),
      0,
    );
  }

  ask(at: number, seconds: number | null, bytes: number | null, withinMs: number): void {
    const [back, ticket] = at % 3 === 0 ? (this.tickets.pop() ?? []) : [];
    const client = back ?? CLIENTS[at % CLIENTS.length];
    const kind = { from: 'wav', to: at % 2 === 0 ? 'mp3' : 'flac', processed: false };
    const asked = { client, kind, seconds, bodyBytes: bytes, priority: (at % 21) - 10, withinMs };
    const answer = this.admission.ask({ ...asked, ...(ticket !== undefined && { ticket }) }, this.nowMs);
    if (answer.admitted) this.coming.push(answer.entry);
    else this.refused(client, answer);
  }

  arrive(at: number, seconds: number | null, bytes: number): void {
    const entry = take(this.coming, at);
    if (entry === null) return;
    const answer = this.admission.arrived(entry, { kind: entry.size.kind, seconds, bytes }, this.nowMs);
    if (answer.admitted) this.waiting.push(entry);
    else this.over(entry, answer);
  }

  start(): void {
    for (const { entry, refused } of this.admission.late(this.nowMs)) {
      this.waiting.splice(this.waiting.indexOf(entry), 1);
      this.over(entry, refused);
    }
    for (;;) {
      const entry = this.admission.next(this.nowMs);
      if (entry === null) break;
      // What has a thread was waiting, and each has it once.
      expect(this.waiting).toContain(entry);
      this.waiting.splice(this.waiting.indexOf(entry), 1);
      this.running.push(entry);
    }
    const lookMs = this.admission.lookMs(this.nowMs);
    expect(lookMs).toBeGreaterThan(this.nowMs);
    if (this.running.length === 0 && this.coming.length === 0 && lookMs === Infinity) {
      expect(this.waiting).toEqual([]);
    }
  }

  end(at: number, outcome: 'done' | 'failed' | 'cancelled'): void {
    const entry = take(this.running, at);
    if (entry === null) return;
    this.admission.ended(entry, outcome, this.nowMs);
    expect(entry.state).toBe('over');
  }

  leave(at: number): void {
    const from = [this.coming, this.waiting, this.running][at % 3];
    const entry = from === this.running ? (from[at % from.length] ?? null) : take(from, at);
    if (entry !== null) this.admission.gone(entry);
  }

  refused(client: string, { why, retryAfterMs, ticket }: Refused): void {
    if (retryAfterMs === null) {
      expect([why, ticket]).toEqual(['late', null]);
      return;
    }
    expect(retryAfterMs % 1000).toBe(0);
    expect(retryAfterMs).toBeGreaterThanOrEqual(1000);
    if (ticket !== null) this.tickets.push([client, ticket]);
  }

  over(entry: Entry, refused: Refused): void {
    expect(entry.state).toBe('over');
    this.refused(entry.client, refused);
  }

  check(): void {
    const { coming, waiting, running, bytes } = this.admission.figures(this.nowMs);
    const long = this.running.filter(({ lane }) => lane === 'long').length;
    expect([coming, waiting]).toEqual([this.coming.length, this.waiting.length]);
    expect(running).toEqual({ long, short: this.running.length - long });
    expect(coming + waiting).toBeLessThanOrEqual(MOST.entries);
    expect(this.running.length).toBeLessThanOrEqual(this.cores + 1);
    expect(long).toBeLessThanOrEqual(this.cores);
    const all = [...this.coming, ...this.waiting, ...this.running];
    expect(bytes).toBeCloseTo(
      all.reduce((sum, entry) => sum + entry.bytes, 0),
      3,
    );
  }
}

function take(entries: Entry[], at: number): Entry | null {
  return entries.length === 0 ? null : entries.splice(at % entries.length, 1)[0];
}

const seconds = fc.option(fc.double({ min: 0, max: 4_000, noNaN: true }));
const bytes = fc.integer({ min: 0, max: 2e6 });
const step = fc.oneof(
  fc.tuple(fc.constant('ask'), fc.nat(), seconds, fc.option(bytes), fc.integer({ min: 1, max: 1e6 })),
  fc.tuple(fc.constant('arrive'), fc.nat(), seconds, bytes),
  fc.tuple(fc.constant('end'), fc.nat(), fc.constantFrom('done', 'failed', 'cancelled')),
  fc.tuple(fc.constant('leave'), fc.nat()),
  fc.tuple(fc.constant('pass'), fc.oneof(fc.nat(20), fc.nat(5_000))),
);

it('holds its limits, and knows in the end that nothing is left', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 4 }), fc.array(step, { maxLength: 120 }), (cores, steps) => {
      const world = new World(cores);
      for (const [what, ...given] of steps) {
        if (what === 'pass') world.nowMs += given[0] as number;
        else (world[what as 'ask'] as (...all: unknown[]) => void)(...given);
        world.start();
        world.check();
      }
      for (let rounds = 0; rounds < 1000; rounds++) {
        world.nowMs = Math.max(
          world.nowMs + 1,
          Math.min(world.nowMs + 1e6, world.admission.lookMs(world.nowMs)),
        );
        world.leave(0);
        world.end(0, 'done');
        world.start();
        world.check();
      }
      const { coming, waiting, running, bytes: held } = world.admission.figures(world.nowMs);
      expect([coming, waiting, running, held]).toEqual([0, 0, { short: 0, long: 0 }, 0]);
    }),
    { numRuns: 60 },
  );
});

it('tells those that it refuses apart', () => {
  const world = new World(1);
  const later = new Set<number>();
  for (let i = 0; i < 400; i++) {
    const answer = world.admission.ask(
      {
        client: 'a',
        kind: { from: 'wav', to: 'mp3', processed: false },
        bodyBytes: 1000,
        seconds: 200,
        priority: 0,
        withinMs: 60_000,
      },
      0,
    );
    if (!answer.admitted && answer.retryAfterMs !== null) later.add(answer.retryAfterMs);
  }
  // They do not all come back at once.
  expect(later.size).toBeGreaterThan(5);
});

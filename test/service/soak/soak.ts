/**
 * A service under everything that clients can do, and with processes killed under it, in spells of load with
 * rests between. In each rest it has to come to nothing: no request, no lease, no file, no process more than
 * at the beginning. What is left over many rests shows as a trend.
 */
import { readdirSync, readlinkSync } from 'node:fs';
import { setTimeout as pass } from 'node:timers/promises';
import { MiB } from '../../../src/bytes.ts';
import { childrenOf } from '../../crash/processes.ts';
import { Dice } from '../../stress/contents.ts';
import { metricsOf, type OwnProcess, rssBytes, startService } from '../own-process.ts';
import { ask } from '../requests.ts';
import { ACTIONS, type Client, STALLS, WEIGHTS } from './clients.ts';
import { type Point, trendOf } from './trend.ts';

interface SoakOptions {
  readonly seconds: number;
  /** Of load, between two rests. */
  readonly spellSeconds: number;
  readonly seed: number;
  readonly workDir: string;
  say(line: string): void;
}

interface SoakReport {
  /** By what was done and how it ended. */
  readonly outcomes: Readonly<Record<string, number>>;
  readonly kills: number;
  /** Figures of each rest. */
  readonly rests: readonly Figures[];
  readonly rises: Readonly<Record<string, { rise: number; allowed: number; sure: number }>>;
  /** What must not be. Empty. */
  readonly faults: readonly string[];
}

interface Figures {
  readonly atS: number;
  /** Of the front's budget, in MiB, with what is idle in the pool. */
  readonly leases: number;
  readonly files: number;
  /** Open ones of the front. */
  readonly descriptors: number;
  /** Of which kinds these are. */
  readonly kinds: Readonly<Record<string, number>>;
  readonly processes: number;
  /** Of the front, behind a collection, in MiB. */
  readonly heap: number;
  readonly frontRss: number;
  readonly allRss: number;
}

const LANES = 6;
const STALLED_LANES = 4;
const KEEP_MS = 300;
/**
 * So often it is looked whether nothing is under way. No clock says it: one that goes on while all processes
 * are stopped would end a rest before anything could come to it.
 */
const REST_LOOKS = 300;
/** Of fewer there is no trend. */
const LEAST_RESTS = 2;
const LOOK_MS = 100;
const LOOKS = 5;
/** Rests that come before the pool, the heap and the code are what they stay. */
const WARM_SHARE = 1 / 4;
const SURE = 2.3;

/** What may be gained over a whole run by chance. */
const ALLOWED: Readonly<Record<Exclude<keyof Figures, 'atS' | 'kinds'>, (seconds: number) => number>> = {
  leases: () => 4,
  files: () => 0,
  descriptors: () => 0.5,
  processes: () => 0,
  heap: () => 4,
  frontRss: () => 24,
  allRss: () => 64,
};

export async function soak({ seconds, spellSeconds, seed, workDir, say }: SoakOptions): Promise<SoakReport> {
  const dice = new Dice(seed);
  const outcomes: Record<string, number> = {};
  const faults: string[] = [];
  const rests: Figures[] = [];
  let kills = 0;
  await using service = await startService({
    workDir,
    resultMs: KEEP_MS,
    workDirBytes: 500 * MiB,
    waitMs: 20_000,
  });
  const startMs = performance.now();
  const elapsedS = (): number => (performance.now() - startMs) / 1000;
  await come(service, faults);
  while ((elapsedS() < seconds || rests.length < LEAST_RESTS) && faults.length === 0) {
    const over = new AbortController();
    const { signal } = over;
    const rest = (ms: number): Promise<void> => pass(ms, undefined, { signal }).catch(() => {});
    const client: Client = { url: service.url, dice, signal, rest };
    const lane = async (choose: () => string): Promise<void> => {
      while (!signal.aborted) {
        const name = choose();
        const outcome = await ACTIONS[name](client).catch((error: Error) => {
          faults.push(`${name}: ${error.message}`);
          return 'a fault';
        });
        const key = `${name}: ${outcome}`;
        outcomes[key] = (outcomes[key] ?? 0) + 1;
      }
    };
    const lanes = [
      ...Array.from({ length: LANES }, () => lane(() => weighed(dice))),
      ...Array.from({ length: STALLED_LANES }, () => lane(() => dice.pick(STALLS))),
    ];
    await rest((spellSeconds * 1000) / 2);
    const victim = dice.pick(childrenOf(service.pid));
    if (kill(victim)) kills++;
    await rest((spellSeconds * 1000) / 2);
    over.abort();
    await Promise.all(lanes);
    await come(service, faults);
    rests.push(await figures(service, elapsedS()));
    say(JSON.stringify(rests.at(-1)));
  }
  const rises = risesOf(rests, seconds);
  for (const [name, { rise, allowed, sure }] of Object.entries(rises)) {
    if (rise > allowed && (sure > SURE || allowed < 1))
      faults.push(
        `${name} rise by ${rise} within ${seconds} s: ${JSON.stringify(rests.map((rest) => rest[name as keyof Figures]))}`,
      );
  }
  if (faults.length > 0) faults.push(`the service wrote: ${service.complaints().slice(-2000)}`);
  const { endBytes, cut } = await service.leave();
  if (endBytes > 0) faults.push(`${endBytes} bytes were left at the end`);
  if (cut > 0) faults.push(`${cut} requests were open at the end`);
  if (readdirSync(workDir).length > 0) faults.push(`the work directory holds ${readdirSync(workDir)}`);
  return { outcomes, kills, rests, rises, faults };
}

function risesOf(rests: readonly Figures[], seconds: number): SoakReport['rises'] {
  const warm = rests.slice(Math.floor(rests.length * WARM_SHARE));
  const names = Object.keys(ALLOWED) as (keyof typeof ALLOWED)[];
  return Object.fromEntries(
    names.map((name) => {
      const points = warm.map((rest): Point => ({ at: rest.atS, value: rest[name] }));
      const { rise, sure } = points.length > 1 ? trendOf(points) : { rise: 0, sure: 0 };
      return [name, { rise, allowed: ALLOWED[name](seconds), sure }];
    }),
  );
}

function weighed(dice: Dice): string {
  let left = dice.below(Object.values(WEIGHTS).reduce((sum, weight) => sum + weight, 0));
  for (const [name, weight] of Object.entries(WEIGHTS)) {
    if (left < weight) return name;
    left -= weight;
  }
  throw new Error('weights are whole numbers');
}

/** Waits until nothing is under way, and what was made is forgotten. */
async function come(service: OwnProcess, faults: string[]): Promise<void> {
  let last = 'nothing';
  for (let looks = 1; ; looks++) {
    const metrics = await metricsOf(service);
    const busy = ['places', 'body_bytes', 'work_dir_used_bytes', 'results'].filter((name) => {
      return metrics(name) > (name === 'results' ? 1 : 0);
    });
    const others = metrics('connections') - 1;
    // Three that work, and the spare one.
    const lacks = metrics('processes') !== 4;
    if (busy.length === 0 && others === 0 && !lacks) return;
    if (looks === REST_LOOKS) {
      const what = `${busy}, ${others} connections, ${metrics('processes')} processes`;
      faults.push(`does not come to rest: ${what}; the last one that was sent was answered with ${last}`);
      return;
    }
    await pass(KEEP_MS + LOOK_MS);
    last = await flush(service);
  }
}

const never = new AbortController().signal;
const small = Buffer.from(
  '524946462c00000057415645666d74201000000001000100401f0000803e0000020010006461746108000000000000000000000000',
  'hex',
);

/** What is too old goes when something is kept; this itself takes one small lease. */
async function flush({ url }: OwnProcess): Promise<string> {
  const { status, body } = await ask(url, { path: '/v1/analyze', body: small }, never);
  return status === 200 ? '200' : `${status} ${body}`;
}

async function figures(service: OwnProcess, atS: number): Promise<Figures> {
  const heap = (await service.heapBytes()) / MiB;
  const metrics = await metricsOf(service);
  const children = childrenOf(service.pid);
  // A socket that was closed just now may still be there.
  let open = descriptorsOf(service.pid);
  for (let look = 0; look < LOOKS; look++) {
    await pass(LOOK_MS);
    const again = descriptorsOf(service.pid);
    if (again.length < open.length) open = again;
  }
  return {
    atS,
    leases: metrics('memory_used_bytes') / MiB,
    files: metrics('work_dir_used_bytes'),
    descriptors: open.length,
    kinds: Object.fromEntries(
      Object.entries(Object.groupBy(open, (kind) => kind)).map(([kind, all]) => [kind, all?.length ?? 0]),
    ),
    processes: children.length,
    heap,
    frontRss: rssBytes(service.pid) / MiB,
    allRss: [service.pid, ...children].reduce((sum, pid) => sum + rssBytes(pid), 0) / MiB,
  };
}

/** Without the numbers of sockets and pipes. */
function descriptorsOf(pid: number): string[] {
  return readdirSync(`/proc/${pid}/fd`).flatMap((fd) => {
    try {
      return readlinkSync(`/proc/${pid}/fd/${fd}`).replace(/\d+/g, 'N');
    } catch {
      return [];
    }
  });
}

function kill(pid: number): boolean {
  try {
    process.kill(pid, 'SIGKILL');
    return true;
  } catch {
    return false;
  }
}

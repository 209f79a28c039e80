/**
 * A service under attack: what it holds besides one result that its other client asks for, and whether it
 * still serves that client.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { beforeAll, expect } from 'vitest';
import { KiB, MiB } from '../../../src/bytes.ts';
import type { ServiceOptions } from '../../../src/service/options.ts';
import { pianoNotes } from '../../audio/audio-files.ts';
import { serving } from '../serving.ts';
import { attempt, type Heard, type Part } from './raw.ts';

export const NOTE = readFileSync(pianoNotes()[0]);
export const HOST = 'Host: millpond\r\n';
/** Nothing is kept for longer than until the next result, so what is held afterwards can be told. */
const OPTIONS: Partial<ServiceOptions> = {
  resultMs: 1,
  maxBodyBytes: 4 * MiB,
  maxOutputBytes: 16 * MiB,
  maxSeconds: 120,
  // Attackers have the same address as the other client: no share of one is at stake here.
  maxRequests: 5000,
};

/** What would grow if something were not let go of, by its name. */
type Held = Record<string, number>;

const FIGURES = /^millpond_service_(places\{.*\}|body_bytes|work_dir_used_bytes|results|connections) (.+)$/gm;

interface Attacked {
  readonly url: string;
  /** What is answered to these bytes on a connection of its own. */
  attempt(parts: Part | readonly Part[], answers?: number): Promise<Heard>;
  /** Another client is served right away, and nothing is held that was not held before. */
  stands(withinMs?: number): Promise<void>;
}

/** @param token of the client that is served meanwhile */
export function attacked(options: Partial<ServiceOptions> = {}, token = ''): Attacked {
  const served = serving({ ...OPTIONS, ...options });
  let before: Held | null = null;
  let good: Buffer | null = null;

  const lines = `Connection: close\r\n${options.clients === undefined ? '' : `Authorization: Bearer ${token}\r\n`}`;

  async function serve(): Promise<void> {
    const asked = [head(`${lines}Content-Length: ${NOTE.length}\r\n`, '/v1/transcode?to=flac'), NOTE];
    const [answer] = (await attempt(served.url, asked)).answers;
    expect(answer?.status).toBe(200);
    good ??= answer.body;
    expect(answer.body.equals(good)).toBe(true);
  }

  async function held(): Promise<Held> {
    const [answer] = (await attempt(served.url, head(lines, '/metrics', 'GET'))).answers;
    const figures: Held = Object.fromEntries(
      Array.from(answer.body.toString().matchAll(FIGURES), ([, name, value]) => [name, Number(value)]),
    );
    // Where results stay, each test has more of them.
    if (options.resultMs !== undefined) delete figures.results;
    figures['descriptors of the front'] = descriptorsOf(process.pid);
    const others = served.service.pids.map(descriptorsOf);
    figures['descriptors of a process behind it'] = Math.max(OF_A_PROCESS, ...others);
    return figures;
  }

  /** What is held beyond what was, also once another result has come. */
  async function still(): Promise<string[]> {
    if (over(await held(), before as Held).length === 0) return [];
    await serve();
    return over(await held(), before as Held);
  }

  beforeAll(async () => {
    // Until all threads have opened what they open once.
    await Promise.all(Array.from({ length: 8 }, serve));
    await serve();
    before = await held();
    expect(Object.keys(before).length).toBeGreaterThan(7);
  });

  return {
    get url() {
      return served.url;
    },
    attempt: (parts, answers) => attempt(served.url, parts, answers),
    async stands(withinMs = 15_000) {
      await serve();
      // The ends of connections are noticed a little later on the other side. What an attack made is kept
      // until the next result comes.
      await expect.poll(still, { timeout: withinMs, interval: 100 }).toEqual([]);
    },
  };
}

/** What threads open at times, such as figures of the machine. */
const PASSING = 4;
/** One that has just started has fewer, and they are no loss. */
const OF_A_PROCESS = 50;

/** What is held beyond what was. */
function over(now: Held, before: Held): string[] {
  return Object.entries(now)
    .filter(([name, value]) => value > before[name] + (name.startsWith('descriptors') ? PASSING : 0))
    .map(([name, value]) => `${name}: ${before[name]} before, ${value} now`);
}

function descriptorsOf(pid: number): number {
  try {
    return readdirSync(`/proc/${pid}/fd`).length;
  } catch {
    // It has ended, or this is no Linux.
    return 0;
  }
}

/** The head of a request for work, with what the attempt adds to it. */
export function head(lines: string, target = '/v1/transcode?to=wav', method = 'POST'): string {
  return `${method} ${target} HTTP/1.1\r\n${HOST}${lines}\r\n`;
}

/** An honest request of a body. */
export function post(body: Buffer, target = '/v1/transcode?to=wav'): Buffer {
  return Buffer.concat([Buffer.from(head(`Content-Length: ${body.length}\r\n`, target)), body]);
}

export const SMUGGLED = head('', '/smuggled', 'GET');
export const LIVE = head('', '/livez', 'GET');

/** The statuses and codes of all answers, and whether the connection ended. */
export function told({ answers, closed }: Heard): string {
  const all = answers.map(({ status, code }) => (code === null ? `${status}` : `${status} ${code}`));
  return [...all, closed ? 'closed' : 'open'].join(', ');
}

/** Bodies that are no audio, and small. */
export const JUNK = Buffer.alloc(4 * KiB, 'junk');

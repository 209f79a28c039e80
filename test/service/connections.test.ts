/** What connections cost the front process, beside the bytes that its budget counts. */
import { readFileSync } from 'node:fs';
import { Agent, request } from 'node:http';
import { setTimeout as pass } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { KiB, MiB } from '../../src/bytes.ts';
import { scratch } from '../audio/audio-files.ts';
import { noise, wav } from '../audio/wav.ts';
import { metricsOf, type OwnProcess, rssBytes, startService } from './own-process.ts';

const at = scratch();

const BUDGET = 100 * MiB;
/** A connection with a body under way: Node holds 110 to 130 KB of it. */
const MOST_A_CONNECTION = 160 * KiB;
const MOST_IDLE = 160 * MiB;
const IDLE = 10_000;
/** Beside the connections themselves. */
const DESCRIPTORS = 500;
const AT_ONCE = 50;

const descriptors = Number(/^Max open files\s+(\d+)/m.exec(limits())?.[1] ?? 0);

function limits(): string {
  try {
    return readFileSync('/proc/self/limits', 'latin1');
  } catch {
    return '';
  }
}

test.runIf(descriptors >= IDLE + DESCRIPTORS)(
  `${IDLE} idle connections take less than ${MOST_IDLE / MiB} MiB`,
  async () => {
    await using service = await startService({ workDir: at('idle') });
    // Requests leave garbage, whose room stays: it is no part of what connections cost.
    for (const agent of await asked(service, AT_ONCE)) agent.destroy();
    await service.heapBytes();
    const before = rssBytes(service.pid);
    const agents = await asked(service, IDLE);
    await service.heapBytes();
    const open = (await metricsOf(service))('connections');
    const each = (rssBytes(service.pid) - before) / open;
    for (const agent of agents) agent.destroy();
    // On a slow machine the first ones may have been idle for too long by now.
    expect(open).toBeGreaterThan(IDLE / 2);
    expect(each * IDLE).toBeLessThan(MOST_IDLE);
  },
);

/** As many requests as there are to be idle connections, over so many connections, which stay. */
async function asked(service: OwnProcess, connections: number): Promise<Agent[]> {
  const agents = Array.from({ length: connections }, () => new Agent({ keepAlive: true, maxSockets: 1 }));
  let count = 0;
  const lane = async (): Promise<void> => {
    while (count < IDLE) await use(service, agents[count++ % connections]);
  };
  await Promise.all(Array.from({ length: AT_ONCE }, lane));
  return agents;
}

function use({ url }: OwnProcess, agent: Agent): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const sender = request(`${url}/nothing`, { agent }, (response) => {
    response.resume().once('end', resolve).once('error', reject);
  });
  sender.on('error', reject).end();
  return promise;
}

/** Of all clients together: whoever has more clients has each of them send more slowly. */
const REQUESTS_A_SECOND = 40;
const LASTS_S = 8;
const [FEW, MANY] = [64, 512];
/** So that it goes to a file. */
const audio = wav([noise(75 * KiB, 16, 1), noise(75 * KiB, 16, 2)]);
const LOOK_MS = 200;
let count = 0;

test.runIf(descriptors > 0)(
  `${MANY} clients take no more than ${FEW} that send as much, but for ${MOST_A_CONNECTION / KiB} KiB a connection`,
  async () => {
    await using service = await startService({
      workDir: at('many'),
      maxRequests: 10_000,
      budgetBytes: BUDGET,
      // The more clients, the longer each rests in the middle of its body.
      minRate: 0,
    });
    await service.heapBytes();
    const base = rssBytes(service.pid);
    await peakOf(service, FEW);
    const few = await peakOf(service, FEW);
    const many = await peakOf(service, MANY);
    expect(many.connections).toBeGreaterThan(MANY * 0.9);
    expect(many.done).toBeGreaterThan(MANY / 2);
    expect((many.bytes - few.bytes) / (MANY - FEW)).toBeLessThan(MOST_A_CONNECTION);
    expect(many.bytes).toBeLessThan(base + BUDGET + MANY * MOST_A_CONNECTION);
  },
);

interface Peak {
  readonly bytes: number;
  readonly connections: number;
  readonly done: number;
}

/** The most that the front process has meanwhile. */
async function peakOf(service: OwnProcess, clients: number): Promise<Peak> {
  const over = new AbortController();
  const peak = { bytes: 0, connections: 0, done: 0 };
  const periodMs = (1000 * clients) / REQUESTS_A_SECOND;
  const all = Array.from({ length: clients }, async (_, number) => {
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    await rest((periodMs * number) / clients, over.signal);
    while (!over.signal.aborted) {
      const nextMs = performance.now() + periodMs;
      if ((await send(service, agent, periodMs / 2, over.signal)) === 200) peak.done++;
      await rest(nextMs - performance.now(), over.signal);
    }
    agent.destroy();
  });
  const untilMs = performance.now() + Math.max(LASTS_S * 1000, 2 * periodMs);
  while (performance.now() < untilMs) {
    await pass(LOOK_MS);
    peak.bytes = Math.max(peak.bytes, rssBytes(service.pid));
    peak.connections = Math.max(peak.connections, (await metricsOf(service))('connections'));
  }
  over.abort();
  await Promise.all(all);
  return peak;
}

/** Half of the body at once, the other one later. */
async function send(
  { url }: OwnProcess,
  agent: Agent,
  pauseMs: number,
  signal: AbortSignal,
): Promise<number> {
  const { promise, resolve } = Promise.withResolvers<number>();
  const headers = { 'content-length': audio.length };
  const sender = request(`${url}/v1/transcode?to=wav`, { method: 'POST', agent, signal, headers });
  sender.on('error', () => resolve(0));
  sender.on('response', (response) => {
    response.on('error', () => resolve(0));
    response.resume().once('end', () => resolve(response.statusCode as number));
  });
  const body = Buffer.from(audio);
  // What was made before would not be made again.
  body.writeUInt32LE(count++, body.length - 4);
  sender.write(body.subarray(0, body.length / 2));
  await Promise.race([promise, rest(pauseMs, signal)]);
  sender.end(body.subarray(body.length / 2));
  return await promise;
}

function rest(ms: number, signal: AbortSignal): Promise<void> {
  return pass(Math.max(0, ms), undefined, { signal }).catch(() => {});
}

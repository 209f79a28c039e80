import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { noise, wav } from '../audio/wav.ts';
import { serving } from './serving.ts';

const served = serving({ logLevel: 'silent' });
const seconds = (count: number, seed: number): Buffer => wav([noise(44_100 * count, 16, seed)]);
const short = seconds(1, 1);
/** Some seconds of encoding. */
const long = seconds(400, 2);

async function transcode(
  body: Buffer,
  query = 'to=m4a',
): Promise<{ status: number; code: string | null; bytes: Buffer }> {
  const response = await fetch(`${served.url}/v1/transcode?${query}`, {
    method: 'POST',
    body,
    headers: { prefer: 'wait=3600' },
  });
  const bytes = Buffer.from(await response.arrayBuffer());
  const code = response.ok ? null : (JSON.parse(`${bytes}`) as { code: string }).code;
  return { status: response.status, code, bytes };
}

/** The sum of a metric over those of its labels that fit. */
async function metric(name: string): Promise<number> {
  const text = await (await fetch(`${served.url}/metrics`)).text();
  const values = text.matchAll(new RegExp(`^${name} ([\\d.e+]+)$`, 'gm'));
  return Array.from(values, ([, value]) => Number(value)).reduce((sum, value) => sum + value, 0);
}

const running = (): Promise<number> => metric('millpond_service_places\\{state="running \\w+"\\}');

/** A process that has taken so much CPU has loaded all and works. */
const AT_WORK_MS = 1500;
const MS_A_TICK = 10;

function cpuMs(pid: number): number {
  try {
    // Behind the name, which may have blanks.
    const fields = readFileSync(`/proc/${pid}/stat`, 'latin1').split(') ')[1].split(' ');
    return (Number(fields[11]) + Number(fields[12])) * MS_A_TICK;
  } catch {
    return 0;
  }
}

/** Ends the process that works, as native code does that crashes, once there is one. */
async function endTheBusyOne(signal: NodeJS.Signals): Promise<void> {
  const before = new Map(served.service.pids.map((pid) => [pid, cpuMs(pid)]));
  const tookMs = (pid: number): number => cpuMs(pid) - (before.get(pid) ?? 0);
  const busy = (): number | undefined => served.service.pids.find((pid) => tookMs(pid) > AT_WORK_MS);
  await expect.poll(busy, { timeout: 60_000 }).toBeDefined();
  process.kill(busy() as number, signal);
}

it('makes the job of a process that is killed again, and nobody hears of it', async () => {
  const expected = (await transcode(long)).bytes;
  const answer = transcode(long, 'to=m4a&gain=0.0001');
  await expect.poll(running).toBe(1);
  for (const pid of served.service.pids) process.kill(pid, 'SIGKILL');
  expect((await answer).status).toBe(200);
  expect((await transcode(long)).bytes.equals(expected)).toBe(true);
});

it('names the job whose process crashes twice, and serves the others meanwhile', async () => {
  const hostile = transcode(long, 'to=m4a&gain=-1');
  for (let crash = 0; crash < 2; crash++) {
    await endTheBusyOne('SIGSEGV');
    // The others go on at once.
    expect((await transcode(short, `to=flac&gain=${crash}`)).status).toBe(200);
  }
  const { status, code } = await hostile;
  expect({ status, code }).toEqual({ status: 422, code: 'ERR_NATIVE_CRASH' });
});

it('stops the work of a client that hangs up', async () => {
  const gone = new AbortController();
  const answer = fetch(`${served.url}/v1/transcode?to=opus`, {
    method: 'POST',
    body: seconds(300, 3),
    headers: { prefer: 'wait=3600' },
    signal: gone.signal,
  });
  await expect.poll(running).toBe(1);
  gone.abort();
  await expect(answer).rejects.toThrow();
  await expect.poll(running).toBe(0);
  await expect.poll(() => metric('millpond_service_work_dir_used_bytes')).toBeLessThan(8 * 2 ** 20);
});

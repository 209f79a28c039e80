/** `millpond serve` as it is installed: who may ask, what it logs, how it leaves. */
import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { type ClientRequest, request as httpRequest, type IncomingMessage } from 'node:http';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { describe, expect, it } from 'vitest';
import { noise, wav } from '../audio/wav.ts';
import { childrenOf } from '../crash/processes.ts';
import { checkout, millpond, pianoReleases, scratch } from './millpond.ts';
import { type Served, serve } from './served.ts';

const at = scratch();
const note = readFileSync(join(pianoReleases, readdirSync(pianoReleases)[0]));
/** Half a minute of noise: five megabytes, more than any socket holds. */
const long = wav([noise(1_323_000, 16, 1), noise(1_323_000, 16, 2)]);
/** Nothing is too slow, or too late, on a machine that is busy with other tests. */
const PATIENT = ['--threads', '1', '--min-rate', '0', '--wait', '900', '--drain', '900'];
const TOKENS = { radio: 'radio-0123456789abcdef', archive: 'archive-0123456789abcdef' };

/** A request of which only a part has come, so that it lasts. */
async function begun(
  url: string,
  body: Buffer,
): Promise<{ request: ClientRequest; status: Promise<number> }> {
  const headers = { 'content-length': body.length, expect: '100-continue' };
  const request = httpRequest(url, { method: 'POST', headers });
  const { promise: status, resolve, reject } = Promise.withResolvers<number>();
  request.once('response', (answer) => {
    answer.resume().once('end', () => resolve(answer.statusCode as number));
  });
  request.once('error', reject);
  request.flushHeaders();
  // It was admitted.
  await once(request, 'continue');
  request.write(body.subarray(0, 1000));
  return { request, status };
}

async function ended({ child, ended }: Served): Promise<void> {
  child.kill('SIGTERM');
  expect((await ended).code).toBe(0);
}

const post = (url: string, headers: Record<string, string> = {}): Promise<Response> =>
  fetch(`${url}/v1/transcode?to=flac`, { method: 'POST', body: note, headers });

describe('a service with tokens', () => {
  const file = (): string => {
    const lines = [`radio ${TOKENS.radio} 2`, '# the others', `archive ${TOKENS.archive}`];
    writeFileSync(at('tokens'), lines.join('\n'), { mode: 0o600 });
    return at('tokens');
  };
  const bearer = (name: keyof typeof TOKENS) => ({ authorization: `Bearer ${TOKENS[name]}` });

  it('serves those who have one, and gives no client what another has asked for', async () => {
    const served = await serve([...PATIENT, '--token-file', file()]);
    for (const authorization of [null, 'Bearer wrong-0123456789abcdef', 'Basic eDp5']) {
      const refused = await post(served.url, authorization === null ? {} : { authorization });
      expect(refused.status).toBe(401);
      expect(refused.headers.get('www-authenticate')).toBe('Bearer');
      expect(await refused.json()).toMatchObject({ code: 'ERR_UNAUTHORIZED', status: 401 });
    }
    const made = await post(served.url, bearer('radio'));
    expect(made.status).toBe(200);
    const location = `${served.url}${made.headers.get('content-location')}`;
    await made.arrayBuffer();
    const statuses = [];
    for (const headers of [bearer('radio'), bearer('archive'), new Headers()]) {
      statuses.push((await fetch(location, { headers })).status);
    }
    expect(statuses).toEqual([200, 404, 401]);
    // What another has asked for is made again for this one, who may not know that it was.
    expect((await post(served.url, bearer('archive'))).status).toBe(200);
    expect((await fetch(location, { headers: bearer('archive') })).status).toBe(200);
    await ended(served);
    const clients = served.requests().map(({ client }) => client);
    expect([...new Set(clients)]).toEqual([null, 'radio', 'archive']);
    expect(served.stderr()).not.toMatch(/0123456789abcdef/);
  });

  it('asks for one also of those who watch, where it was told to', async () => {
    const served = await serve([...PATIENT, '--token-file', file(), '--watching', 'token']);
    for (const path of ['/livez', '/readyz', '/metrics']) {
      expect((await fetch(served.url + path)).status).toBe(401);
      expect((await fetch(served.url + path, { headers: bearer('archive') })).status).toBe(200);
    }
    await ended(served);
  });

  it('prints none of them', async () => {
    const { stdout } = await millpond('serve', '--print-config', '--token-file', file());
    expect(JSON.parse(stdout)['token-file']).toEqual({ value: at('tokens'), from: 'command line' });
    expect(stdout).not.toMatch(/0123456789abcdef/);
  });
});

describe('the log', () => {
  it('has a line for each request, with its id, client, route, status and trace', async () => {
    const served = await serve(PATIENT);
    const trace = '4bf92f3577b34da6a3ce929d0e0e4736';
    await (await post(served.url, { traceparent: `00-${trace}-00f067aa0ba902b7-01` })).arrayBuffer();
    const refused = await fetch(`${served.url}/v1/transcode?to=x`, { method: 'POST', body: note });
    const { instance } = (await refused.json()) as { instance: string };
    await fetch(`${served.url}/nowhere/at/all`, { headers: { traceparent: 'nonsense' } });
    await ended(served);
    const lines = served.requests();
    expect(lines).toMatchObject([
      { traceId: trace, client: '127.0.0.1', method: 'POST', route: '/v1/transcode', status: 200 },
      { client: '127.0.0.1', method: 'POST', route: '/v1/transcode', status: 400 },
      { client: '127.0.0.1', method: 'GET', route: 'none', status: 404 },
    ]);
    expect(lines.map(({ traceId }) => traceId)).toEqual([trace, undefined, undefined]);
    const ids = lines.map(({ id }) => id);
    expect(new Set(ids).size).toBe(3);
    // What a client was told leads to its line.
    expect(instance).toBe(`urn:millpond:request:${ids[1]}`);
    expect(lines[0].timing).toMatch(/^receive;dur=.*, queue;dur=.*, work;dur=.*, total;dur=/);
  });
});

describe('a service behind a proxy', () => {
  it('calls clients by what the proxy says, and of IPv6 by their network', async () => {
    const served = await serve([...PATIENT, '--trust-proxy', 'loopback']);
    const said = ['203.0.113.9', '6.6.6.6, 203.0.113.9', '2001:db8:1:2::3', '2001:db8:1:2:9::4', 'unknown'];
    for (const address of said) await fetch(served.url, { headers: { 'x-forwarded-for': address } });
    await ended(served);
    const clients = served.requests().map(({ client }) => client);
    const network = '2001:db8:1:2::/64';
    expect(clients).toEqual(['203.0.113.9', '203.0.113.9', network, network, '127.0.0.1']);
  });
});

describe('a service that is told to leave', () => {
  it('takes nothing new, finishes what it accepted, and ends with 0', async () => {
    const served = await serve([...PATIENT, '--work-dir', at('leaving')]);
    const url = `${served.url}/v1/transcode?to=flac`;
    const { request, status } = await begun(url, note);
    expect((await fetch(`${served.url}/readyz`)).status).toBe(200);
    served.child.kill('SIGTERM');
    await served.said('leaving');
    expect((await fetch(`${served.url}/readyz`)).status).toBe(503);
    expect((await fetch(`${served.url}/livez`)).status).toBe(200);
    const refused = await post(served.url);
    expect(refused.status).toBe(503);
    expect(refused.headers.get('retry-after')).toMatch(/^\d+$/);
    expect(await refused.json()).toMatchObject({ code: 'ERR_SERVICE_DRAINING', retry: true });
    request.end(note.subarray(1000));
    expect(await status).toBe(200);
    const { code, signal } = await served.ended;
    expect({ code, signal, left: readdirSync(at('leaving')) }).toEqual({ code: 0, signal: null, left: [] });
  });

  it('waits until those who read slowly have all of it', async () => {
    const served = await serve([...PATIENT, '--work-dir', at('slowly')]);
    const request = httpRequest(`${served.url}/v1/transcode?to=wav&bits=32`, { method: 'POST' });
    request.end(long);
    const [answer] = (await once(request, 'response')) as [IncomingMessage];
    // Nothing is read of it, so most of it is still there.
    served.child.kill('SIGTERM');
    await served.said('leaving');
    expect((await fetch(`${served.url}/readyz`)).status).toBe(503);
    const bytes = await buffer(answer);
    expect(bytes.length).toBe(Number(answer.headers['content-length']));
    expect(bytes.length).toBeGreaterThan(10_000_000);
    expect((await served.ended).code).toBe(0);
  });

  it('cuts off what has not ended by then, says so, and ends with 1', async () => {
    const served = await serve([...PATIENT, '--drain', '0.2']);
    const { status } = await begun(`${served.url}/v1/transcode?to=flac`, note);
    const cut = expect(status).rejects.toThrow();
    served.child.kill('SIGTERM');
    const { code, stderr } = await served.ended;
    await cut;
    expect(code).toBe(1);
    expect(stderr).toContain('millpond: 1 requests were cut off');
  });

  it('leaves at once when it is told again, with its processes', async () => {
    const served = await serve(PATIENT);
    const { status } = await begun(`${served.url}/v1/transcode?to=flac`, note);
    const cut = expect(status).rejects.toThrow();
    const children = childrenOf(served.child.pid as number);
    expect(children.length).toBeGreaterThan(0);
    served.child.kill('SIGTERM');
    await served.said('leaving');
    served.child.kill('SIGTERM');
    expect(await served.ended).toMatchObject({ code: null, signal: 'SIGTERM' });
    await cut;
    await expect.poll(() => children.filter(isRunning)).toEqual([]);
  });
});

describe.runIf(process.platform === 'linux')('a service that is killed', () => {
  it('leaves no process, and nothing that the next one does not sweep', async () => {
    const folder = at('killed');
    const served = await serve([...PATIENT, '--work-dir', folder]);
    const { status } = await begun(`${served.url}/v1/transcode?to=flac`, long);
    const cut = expect(status).rejects.toThrow();
    const children = childrenOf(served.child.pid as number);
    served.child.kill('SIGKILL');
    await served.ended;
    await cut;
    await expect.poll(() => children.filter(isRunning)).toEqual([]);
    // One that was killed between making a file and taking its name away.
    const script = `import('${checkout}src/files/aside.ts').then(({ createAside }) => {
      createAside('${folder}/millpond-service');
      process.kill(process.pid, 'SIGKILL');
    })`;
    expect(() => execFileSync(process.execPath, ['--conditions=millpond-source', '-e', script])).toThrow();
    mkdirSync(join(folder, 'of-another'));
    expect(readdirSync(folder)).toHaveLength(2);
    await ended(await serve([...PATIENT, '--work-dir', folder]));
    expect(readdirSync(folder)).toEqual(['of-another']);
  });
});

/** One that has ended, and that nobody has asked for its end, does not count. */
function isRunning(pid: number): boolean {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return !/^[ZX]/.test(stat.slice(stat.lastIndexOf(')') + 2));
  } catch {
    return false;
  }
}

/** What becomes of the connection of a request that is told to come back later. */
import { once } from 'node:events';
import { Agent, type ClientRequest, type IncomingMessage, request } from 'node:http';
import { expect, test } from 'vitest';
import { noise, wav } from '../audio/wav.ts';
import { serving } from './serving.ts';

const audio = wav([noise(1000, 16, 1)]);
const served = serving({ maxRequests: 1 });

/** One that has a place, which others lack. */
async function placed(): Promise<ClientRequest> {
  const headers = { 'content-length': audio.length, expect: '100-continue' };
  const sender = request(`${served.url}/v1/transcode?to=flac`, { method: 'POST', headers });
  sender.on('error', () => {});
  sender.flushHeaders();
  await once(sender, 'continue');
  return sender;
}

function post(agent: Agent, length: number): ClientRequest {
  const headers = { 'content-length': length };
  return request(`${served.url}/v1/transcode?to=flac`, { method: 'POST', agent, headers });
}

async function answered(sender: ClientRequest): Promise<IncomingMessage> {
  const [response] = (await once(sender, 'response')) as [IncomingMessage];
  response.resume();
  await once(response, 'end');
  return response;
}

test('a refused request whose body is small leaves its connection for the next one', async () => {
  using agent = Object.assign(new Agent({ keepAlive: true, maxSockets: 1 }), {
    [Symbol.dispose]: () => agent.destroy(),
  });
  const first = await placed();
  const refused = post(agent, audio.length).end(audio);
  const { statusCode, headers } = await answered(refused);
  expect([statusCode, headers.connection]).toEqual([503, 'keep-alive']);
  first.end(audio);
  expect((await answered(first)).statusCode).toBe(200);
  const again = post(agent, audio.length).end(audio);
  expect([(await answered(again)).statusCode, again.reusedSocket]).toEqual([200, true]);
});

test('its connection is closed where the rest of its body does not come, or is long', async () => {
  const first = await placed();
  for (const [length, connection] of [
    [audio.length, 'keep-alive'],
    [300_000, 'close'],
  ] as const) {
    using agent = Object.assign(new Agent({ keepAlive: true }), {
      [Symbol.dispose]: () => agent.destroy(),
    });
    const refused = post(agent, length);
    refused.write(audio.subarray(0, 100));
    const [[socket]] = [await once(refused, 'socket')];
    const { statusCode, headers } = await answered(refused);
    expect([statusCode, headers.connection]).toEqual([503, connection]);
    if (!socket.closed) await once(socket, 'close');
  }
  first.end(audio);
  await answered(first);
});

/** Many connections at once that do nothing, or nearly: the others are served all the same. */
import { afterEach, describe, expect, test } from 'vitest';
import { sleep } from '../../../src/timers.ts';
import { Connection } from './raw.ts';
import { attacked, head, LIVE, NOTE, post, told } from './standing.ts';

const TOKEN = 'the-token-of-who-is-served';
const ATTACKER = 'Authorization: Bearer the-token-of-the-attacker\r\n';
const service = attacked(
  {
    clients: [
      { name: 'served', token: TOKEN },
      { name: 'attacker', token: ATTACKER.slice('Authorization: Bearer '.length).trim() },
    ],
  },
  TOKEN,
);
const MANY = 500;
const open: Connection[] = [];

afterEach(async () => {
  for (const connection of open.splice(0)) connection.reset();
  await service.stands(30_000);
});

async function connect(count: number, bytes: string | Buffer): Promise<Connection[]> {
  const connections = await Promise.all(Array.from({ length: count }, () => Connection.to(service.url)));
  open.push(...connections);
  if (bytes.length > 0) await Promise.all(connections.map((connection) => connection.send(bytes)));
  return connections;
}

const work = head(
  `Connection: close\r\nAuthorization: Bearer ${TOKEN}\r\nContent-Length: ${NOTE.length}\r\n`,
);

describe(`beside ${MANY} connections`, () => {
  test.each([
    ['that are idle', ''],
    ['with half a head', 'GET /livez HTTP/1.1\r\nHo'],
    ['that were answered, and stay', LIVE],
    ['that say nothing but garbage', 'GARBAGE\r\n\r\n'],
    ['with wrong tokens', head('Authorization: Bearer wrong\r\nContent-Length: 100000\r\n')],
  ])('%s another client is served at once', async (_, bytes) => {
    await connect(MANY, bytes);
    for (let i = 0; i < 3; i++) expect(told(await service.attempt([work, NOTE]))).toBe('200, closed');
  });
});

/** Refusals say when to come back, until it is served. */
async function servedInTheEnd(): Promise<void> {
  for (;;) {
    const heard = await service.attempt([work, NOTE]);
    if (told(heard) === '200, closed') return;
    expect(told(heard)).toMatch(/^(?:503 ERR_SERVICE_FULL|429 ERR_CLIENT_FULL), closed$/);
    const seconds = Number(heard.answers[0].headers['retry-after']);
    expect(seconds).toBeGreaterThan(0);
    await sleep(seconds * 1000);
  }
}

describe(`beside ${MANY} requests of one client`, () => {
  test.each([
    ['whose bodies do not come', head(`${ATTACKER}Content-Length: 100000\r\n`)],
    ['whose bodies come by half', `${head(`${ATTACKER}Content-Length: 100000\r\n`)}${'x'.repeat(5000)}`],
    ['that say they have 4 MiB each', head(`${ATTACKER}Content-Length: ${4 * 1024 * 1024}\r\n`)],
  ])(
    '%s another client is served, at the latest when these are cut off',
    async (_, bytes) => {
      const connections = await connect(MANY, bytes);
      await servedInTheEnd();
      for (const { heard } of connections) {
        for (const { status, code, headers } of heard.answers) {
          expect(`${status} ${code}`).toMatch(
            /^(?:408 ERR_BODY_TOO_SLOW|429 ERR_CLIENT_FULL|503 ERR_(?:SERVICE_FULL|TOO_LATE|WORK_DIR_FULL))$/,
          );
          if (status !== 408) expect(Number(headers['retry-after'])).toBeGreaterThan(0);
        }
      }
    },
    60_000,
  );
});

test('A thousand requests on one connection are answered one after the other', async () => {
  using connection = await Connection.to(service.url);
  await connection.send(LIVE.repeat(1000));
  const { answers } = await connection.hear(1000);
  expect(answers.filter(({ status }) => status === 200).length).toBe(1000);
});

test('Work on one connection behind work that never comes waits for nobody else', async () => {
  const [stalled] = await connect(1, head(`${ATTACKER}Content-Length: 100000\r\n`));
  await stalled.send(post(NOTE));
  expect(told(await service.attempt([work, NOTE]))).toBe('200, closed');
});

/** What clients do to a service, good and bad, and which answers each may get. All of it from one seed. */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { TARGETS, type TargetName } from '../../../src/audio/plan/targets.ts';
import { pianoNotes } from '../../audio/audio-files.ts';
import { noise, wav } from '../../audio/wav.ts';
import { mutate } from '../../fuzz/mutate.ts';
import { keptFiles } from '../../fuzz/seeds.ts';
import type { Dice } from '../../stress/contents.ts';
import { type Answered, ask, sendRaw } from '../requests.ts';

const RATE = 44_100;
/** Of a body that goes into a file; leases take 256 KiB. */
const LARGE_FRAMES = 4 * RATE;
const NOTES = 12;
const ADDRESS = /^\/v1\/results\/[0-9a-f]{64}$/;

export interface Client {
  readonly url: string;
  readonly dice: Dice;
  /** The load is over. */
  readonly signal: AbortSignal;
  /** Milliseconds, or until the load is over. */
  rest(ms: number): Promise<void>;
}

const targets = Object.keys(TARGETS) as TargetName[];
const streamed = ['ogg', 'opus', 'wav', 'flac', 'mp3'] as const;
const notes = pianoNotes()
  .slice(0, NOTES)
  .map((path) => readFileSync(path));
const honest = [...notes, ...keptFiles().map(({ bytes }) => bytes)];
const large = wav([noise(LARGE_FRAMES, 16, 1), noise(LARGE_FRAMES, 16, 2)]);

/** Which bytes came of what was asked for before: they never change. */
const digests = new Map<string, string>();

/** Refused, or done. One that is killed twice is named, which kills that come often can do. */
const DONE = [200, 429, 503];
const KILLED = 'ERR_NATIVE_CRASH';

function fresh({ dice }: Client, frames = RATE / 10 + dice.below(RATE)): Buffer {
  return wav([noise(frames, 16, dice.word())]);
}

/** @throws Error where it is none of these */
function expectStatus({ status, body }: Answered, allowed: readonly number[], signal: AbortSignal): string {
  const text = body.toString('latin1', 0, 600);
  if (allowed.includes(status)) return `${status}`;
  if (status === 0 && signal.aborted) return 'cut';
  if (status === 422 && text.includes(KILLED)) return KILLED;
  throw new Error(`the answer was ${status}: ${text}`);
}

function isWhole({ headers, body }: Answered): void {
  const length = headers['content-length'];
  if (length !== undefined && Number(length) === body.length) return;
  throw new Error(`an answer of ${body.length} bytes has a head that says ${length}`);
}

async function good(client: Client, path: string, body: Buffer, key: string | null): Promise<string> {
  const answered = await ask(client.url, { path, body }, client.signal);
  const outcome = expectStatus(answered, DONE, client.signal);
  if (outcome !== '200') return outcome;
  if (!path.includes('delivery=stream')) isWhole(answered);
  if (key === null) return outcome;
  const digest = createHash('sha256').update(answered.body).digest('hex');
  const known = digests.get(key) ?? digest;
  digests.set(key, known);
  if (known !== digest) throw new Error(`${key} came out as other bytes than before`);
  return outcome;
}

export const ACTIONS: Readonly<Record<string, (client: Client) => Promise<string>>> = {
  'the same again': (client) => {
    const [note, to] = [client.dice.below(4), client.dice.pick(targets)];
    return good(client, `/v1/transcode?to=${to}`, notes[note], `${note} ${to}`);
  },
  'something new': (client) => {
    return good(client, `/v1/transcode?to=${client.dice.pick(targets)}`, fresh(client), null);
  },
  'something large': (client) => good(client, '/v1/transcode?to=flac', large, 'large'),
  measure: (client) => good(client, '/v1/analyze', client.dice.pick(notes), null),
  stream: (client) => {
    const path = `/v1/transcode?to=${client.dice.pick(streamed)}&delivery=stream`;
    return good(client, path, client.dice.pick(notes), null);
  },
  'fetch again': async (client) => {
    const { url, dice, signal } = client;
    const path = '/v1/transcode?to=opus';
    const made = await ask(url, { path, body: dice.pick(notes) }, signal);
    const outcome = expectStatus(made, DONE, signal);
    const address = made.headers['content-location'];
    if (outcome !== '200' || address === undefined) return outcome;
    if (!ADDRESS.test(address)) throw new Error(`a result lies at ${address}`);
    const headers: Record<string, string> = dice.thousandth(500)
      ? { range: `bytes=${dice.below(2000)}-` }
      : {};
    const again = await ask(url, { method: 'GET', path: address, headers }, signal);
    return expectStatus(again, [200, 206, 404, 416], signal);
  },
  form: async (client) => {
    const edge = `edge${client.dice.word()}`;
    const head = `--${edge}\r\nContent-Disposition: form-data; name="audio"; filename="../x"\r\n\r\n`;
    const body = Buffer.concat([
      Buffer.from(head),
      client.dice.pick(notes),
      Buffer.from(`\r\n--${edge}--\r\n`),
    ]);
    const headers = { 'content-type': `multipart/form-data; boundary=${edge}` };
    const answered = await ask(client.url, { path: '/v1/transcode?to=wav', headers, body }, client.signal);
    return expectStatus(answered, DONE, client.signal);
  },
  'hostile audio': async (client) => {
    const { bytes } = mutate(client.dice.pick(honest), client.dice, honest);
    const path = client.dice.thousandth(300)
      ? '/v1/analyze'
      : `/v1/transcode?to=${client.dice.pick(targets)}`;
    const answered = await ask(client.url, { path, body: bytes }, client.signal);
    return expectStatus(answered, [...DONE, 413, 415, 422, 504], client.signal);
  },
  'hostile settings': async (client) => {
    const queries = ['to=nothing', 'to=flac&rate=-1', 'to=mp3&gain=1e9', 'to=wav&name=%00%2e%2e%2f', ''];
    const path = `/v1/transcode?${client.dice.pick(queries)}`;
    const answered = await ask(client.url, { path, body: notes[0] }, client.signal);
    return expectStatus(answered, [...DONE, 400, 422], client.signal);
  },
  'no HTTP': async (client) => {
    const texts = [
      'GET / HTTP/9.9\r\n\r\n',
      'POST /v1/analyze HTTP/1.1\r\nContent-Length: -5\r\n\r\n',
      '\0\0\0\0',
    ];
    await sendRaw(client.url, Buffer.from(client.dice.pick(texts)), briefly(client));
    return 'over';
  },
  'gone while it comes': async (client) => {
    const body = client.dice.thousandth(500) ? large : fresh(client);
    const send = client.dice.below(body.length);
    await ask(client.url, { path: '/v1/transcode?to=flac', body, send }, briefly(client));
    return 'gone';
  },
  'gone while it is made': async (client) => {
    const body = client.dice.thousandth(300) ? large : fresh(client, RATE * (1 + client.dice.below(8)));
    const path = `/v1/transcode?to=opus&gain=-${client.dice.below(60)}`;
    await ask(client.url, { path, body }, briefly(client));
    return 'gone';
  },
  'stalls while it sends': async (client) => {
    const path = '/v1/transcode?to=flac';
    const answered = await ask(
      client.url,
      { path, body: large, send: 1 + client.dice.below(200_000) },
      client.signal,
    );
    return answered.status === 0 ? 'cut' : expectStatus(answered, [408, 429, 503], client.signal);
  },
  'stalls while it reads': async (client) => {
    await ask(client.url, { path: '/v1/transcode?to=wav', body: large, deaf: true }, client.signal);
    return 'cut';
  },
  'says nothing': async (client) => {
    await sendRaw(client.url, null, client.signal);
    return 'cut';
  },
  watches: async ({ url, dice, signal }) => {
    const path = dice.pick(['/livez', '/metrics', '/openapi.json', '/docs/']);
    return expectStatus(await ask(url, { method: 'GET', path }, signal), [200], signal);
  },
};

/** Until the load is over, or within a time that nobody knows before. */
function briefly({ signal, dice, rest }: Client): AbortSignal {
  const cut = new AbortController();
  void rest(dice.below(400)).then(() => cut.abort());
  return AbortSignal.any([signal, cut.signal]);
}

/** How often each is done. Those that hold a connection until the load is over are few. */
export const WEIGHTS: Readonly<Record<string, number>> = {
  'the same again': 20,
  'something new': 20,
  'something large': 6,
  measure: 8,
  stream: 8,
  'fetch again': 8,
  form: 5,
  'hostile audio': 30,
  'hostile settings': 5,
  'no HTTP': 4,
  'gone while it comes': 10,
  'gone while it is made': 10,
  watches: 5,
};

export const STALLS = ['stalls while it sends', 'stalls while it reads', 'says nothing'] as const;

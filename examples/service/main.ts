/**
 * A transcoding service on Fastify: an upload goes into leases as it comes, a worker makes another format of
 * it in leases, and the response is sent from these. It takes no more than it can hold, shares what it has
 * fairly between clients, and stops working for those that have gone.
 *
 *     npm install millpond fastify
 *     node main.ts 8080 &
 *     curl --data-binary @song.flac 'localhost:8080/transcode?to=mp3' > song.mp3
 */
import { availableParallelism } from 'node:os';
import { addAbortSignal, type Readable } from 'node:stream';
import Fastify, { type FastifyError, type FastifyReply, type FastifyRequest } from 'fastify';
import { createRuntime, ERROR_CODES, isMillpondError, jobFile, MiB } from 'millpond';
import { prometheusText } from 'millpond/prometheus';

const [port = '0', mostMsToClose = '15000'] = process.argv.slice(2);
const threads = availableParallelism();
const TYPES = {
  flac: 'audio/flac',
  wav: 'audio/wav',
  mp3: 'audio/mpeg',
  opus: 'audio/ogg',
  ogg: 'audio/ogg',
};
const MOST_BYTES = 32 * MiB;
/** Of a response: a few KiB of silence become hours of it. */
const MOST_MADE = 512 * MiB;
/** What is larger is sent from a file. */
const MOST_IN_LEASES = 2 * MiB;
/** For an upload, and again for all that follows. */
const MOST_MS = 60_000;
/** At once, from the first byte of an upload to the last of its response: all clients together, and each. */
const ALL = { requests: 32, bytes: 4 * MOST_BYTES };
const EACH = { requests: 8, bytes: MOST_BYTES };

const runtime = await createRuntime({
  job: jobFile<typeof import('./convert.ts')>(new URL('./convert.ts', import.meta.url)),
  threads,
  // Room for all of it, so that nobody waits for memory; the rest is for the threads.
  budgetBytes: ALL.bytes + ALL.requests * MOST_IN_LEASES + (16 + 4 * threads) * MiB,
  mostOutputBytes: MOST_IN_LEASES,
  // So no client has all threads.
  tenants: { others: { maxRunning: Math.max(1, threads - 1) } },
});
const all = { requests: 0, bytes: 0 };
const clients = new Map<string, typeof all>();

// Behind a proxy all are one client, its own, unless `trustProxy` is the proxy's address.
const app = Fastify({ requestTimeout: MOST_MS, http: { connectionsCheckingInterval: 1000 } });
// A body is a stream, whatever it says that it is: FFmpeg looks at its bytes.
app.removeAllContentTypeParsers();
app.addContentTypeParser('*', (_request, body, done) => done(null, body));
// A client that asks whether it may send its body is told so once the body is accepted.
app.server.on('checkContinue', (request, response) => app.server.emit('request', request, response));

// Not for everybody: let the proxy pass on `/transcode` only.
app.get('/live', (_request, reply) => reply.code(runtime.health().live ? 200 : 503).send());
app.get('/ready', (_request, reply) => reply.code(runtime.health().ready ? 200 : 503).send());
app.get('/metrics', async (_request, reply) => {
  reply.type('text/plain; version=0.0.4; charset=utf-8');
  return prometheusText(runtime.snapshot());
});

type Asked = { Querystring: { to: keyof typeof TYPES } };
const querystring = {
  type: 'object',
  required: ['to'],
  properties: { to: { enum: Object.keys(TYPES) } },
};
app.post<Asked>('/transcode', { schema: { querystring } }, async (request, reply) => {
  const length = Number(request.headers['content-length']);
  if (!(length > 0)) return refuse(reply, 411, 'An upload says how long it is: send content-length.');
  if (length > MOST_BYTES) return refuse(reply, 413, `An upload has ${MOST_BYTES} bytes at most.`);
  // A request forgets it when its socket is closed.
  const { ip } = request;
  const mine = clients.get(ip) ?? { requests: 0, bytes: 0 };
  const full = ({ requests, bytes }: typeof all, most: typeof all) =>
    requests >= most.requests || bytes + length > most.bytes;
  if (full(mine, EACH) || full(all, ALL)) {
    const status = full(mine, EACH) ? 429 : 503;
    return refuse(reply.header('retry-after', 1), status, 'Others are first: come back soon.');
  }
  clients.set(ip, mine);
  const count = (sign: 1 | -1) => {
    for (const held of [mine, all]) {
      held.requests += sign;
      held.bytes += sign * length;
    }
  };
  count(1);
  try {
    await answer(request, length, ip, reply);
  } finally {
    count(-1);
    if (mine.requests === 0) clients.delete(ip);
  }
});

async function answer(
  { body, headers, query: { to } }: FastifyRequest<Asked>,
  length: number,
  tenant: string,
  reply: FastifyReply,
): Promise<void> {
  const gone = new AbortController();
  reply.raw.once('close', () => gone.abort(new Error('The client has gone.')));

  // Whatever of it is still here at the end goes back to the pool.
  using stack = new DisposableStack();
  const lengths = Array.from({ length: Math.ceil(length / MiB) }, (_, i) => Math.min(MiB, length - i * MiB));
  const leases = await runtime.pool.acquireAllAsync(lengths, { signal: gone.signal });
  for (const lease of leases) stack.use(lease);
  if (headers.expect !== undefined) reply.raw.writeContinue();
  let at = 0;
  // One that takes too long is ended by `requestTimeout`.
  for await (const chunk of addAbortSignal(gone.signal, body as Readable) as AsyncIterable<Buffer>) {
    for (let from = 0; from < chunk.length; ) {
      const part = chunk.subarray(from, from + MiB - (at % MiB));
      leases[Math.floor(at / MiB)].bytes.set(part, at % MiB);
      from += part.length;
      at += part.length;
    }
  }

  const signal = AbortSignal.any([gone.signal, AbortSignal.timeout(MOST_MS)]);
  const output = { leases: true } as const;
  const task = { input: { leases, name: 'the upload' }, output, to, maxOutputBytes: MOST_MADE };
  const { leases: made, file, bytesWritten } = await runtime.run(task, { signal, tenant });
  for (const part of made ?? []) stack.use(part);
  if (file !== null) stack.use(file);
  reply.hijack();
  reply.raw.writeHead(200, { 'content-type': TYPES[to], 'content-length': bytesWritten });
  try {
    for (const part of made ?? []) await part.writeTo(reply.raw, { signal });
    await file?.writeTo(reply.raw, { signal });
    reply.raw.end();
  } catch {
    // A response that has begun can only be cut off: it must never look whole.
    reply.raw.destroy();
  }
}

function refuse(reply: FastifyReply, status: number, message: string): FastifyReply {
  return reply.code(status).send({ message });
}

app.setErrorHandler((error: FastifyError, _request, reply) => {
  const rule = isMillpondError(error) ? ERROR_CODES[error.code] : null;
  const status = rule?.status ?? (error.name === 'TimeoutError' ? 503 : (error.statusCode ?? 500));
  if (status < 500) return refuse(reply, status, error.message);
  // What went wrong in here is not for clients: it may name folders.
  if (!reply.raw.destroyed) console.error(error);
  return refuse(reply, status, rule?.rule ?? 'It failed.');
});

for (const name of ['SIGINT', 'SIGTERM']) {
  process.once(name, async () => {
    // An orchestrator sends SIGKILL after 30 s.
    setTimeout(() => app.server.closeAllConnections(), Number(mostMsToClose)).unref();
    await app.close();
    const { endBytes } = await runtime.close();
    console.log(`closed, ${endBytes} bytes left`);
  });
}
console.log(await app.listen({ port: Number(port), host: '127.0.0.1' }));

/**
 * A transcoding service on Fastify: an upload goes into leases as it comes, a worker makes another format of
 * it in leases, and the response is sent from these. It takes no more than it can hold, shares its threads
 * fairly between clients, and stops working for those that have gone.
 *
 *     npm install millpond fastify
 *     node main.ts 8080 &
 *     curl --data-binary @song.flac 'localhost:8080/transcode?to=mp3' > song.mp3
 */
import { addAbortSignal, type Readable } from 'node:stream';
import Fastify, { type FastifyError, type FastifyReply } from 'fastify';
import { createRuntime, ERROR_CODES, isMillpondError, jobFile, MiB, QueueFullError } from 'millpond';
import { prometheusText } from 'millpond/prometheus';

const [port = '0'] = process.argv.slice(2);
const TYPES = {
  flac: 'audio/flac',
  wav: 'audio/wav',
  mp3: 'audio/mpeg',
  opus: 'audio/ogg',
  ogg: 'audio/ogg',
};
const MOST_BYTES = 32 * MiB;
const MOST_MS = 60_000;
/** Of all uploads together: the rest of the budget is for what is made of them. */
const MOST_HELD = 64 * MiB;

const runtime = await createRuntime({
  job: jobFile<typeof import('./convert.ts')>(new URL('./convert.ts', import.meta.url)),
  maxQueue: 32,
  tenants: { others: { maxQueued: 8 } },
});
let held = 0;

const app = Fastify();
// A body is a stream, whatever it says that it is: FFmpeg looks at its bytes.
app.removeAllContentTypeParsers();
app.addContentTypeParser('*', (_request, body, done) => done(null, body));

app.get('/live', (_request, reply) => reply.code(runtime.health().live ? 200 : 503).send());
app.get('/ready', (_request, reply) => reply.code(runtime.health().ready ? 200 : 503).send());
app.get('/metrics', async (_request, reply) => {
  reply.type('text/plain; version=0.0.4; charset=utf-8');
  return prometheusText(runtime.snapshot());
});

const querystring = {
  type: 'object',
  required: ['to'],
  properties: { to: { enum: Object.keys(TYPES) } },
};
app.post<{ Querystring: { to: keyof typeof TYPES } }>(
  '/transcode',
  { schema: { querystring } },
  async (request, reply) => {
    const length = Number(request.headers['content-length']);
    if (!(length > 0)) return refuse(reply, 411, 'An upload says how long it is: send content-length.');
    if (length > MOST_BYTES) return refuse(reply, 413, `An upload has ${MOST_BYTES} bytes at most.`);
    if (held + length > MOST_HELD) {
      return refuse(reply.header('retry-after', 1), 429, 'Others upload at the moment: come back soon.');
    }
    held += length;
    try {
      await answer(request.body as Readable, length, request.query.to, request.ip, reply);
    } finally {
      held -= length;
    }
  },
);

async function answer(
  body: Readable,
  length: number,
  to: keyof typeof TYPES,
  tenant: string,
  reply: FastifyReply,
): Promise<void> {
  const gone = new AbortController();
  reply.raw.once('close', () => gone.abort(new Error('The client has gone.')));
  const signal = AbortSignal.any([gone.signal, AbortSignal.timeout(MOST_MS)]);

  // Whatever of it is still here at the end goes back to the pool.
  using stack = new DisposableStack();
  const leases = [];
  for (let left = length; left > 0; left -= MiB) {
    leases.push(stack.use(await runtime.pool.acquireAsync(Math.min(left, MiB), { signal })));
  }
  let at = 0;
  for await (const chunk of addAbortSignal(signal, body) as AsyncIterable<Buffer>) {
    for (let from = 0; from < chunk.length; ) {
      const part = chunk.subarray(from, from + MiB - (at % MiB));
      leases[Math.floor(at / MiB)].bytes.set(part, at % MiB);
      from += part.length;
      at += part.length;
    }
  }

  const request = { input: { leases, name: 'the upload' }, output: { leases: true as const }, to };
  const { leases: made, file, bytesWritten } = await runtime.run(request, { signal, tenant });
  for (const part of made ?? []) stack.use(part);
  if (file !== null) stack.use(file);
  reply.hijack();
  reply.raw.writeHead(200, { 'content-type': TYPES[to], 'content-length': bytesWritten });
  for (const part of made ?? []) await part.writeTo(reply.raw, { signal });
  await file?.writeTo(reply.raw, { signal });
  reply.raw.end();
}

function refuse(reply: FastifyReply, status: number, message: string): FastifyReply {
  // What is still on its way is not read.
  return reply.header('connection', 'close').code(status).send({ message });
}

app.setErrorHandler((error: FastifyError, _request, reply) => {
  // A response that has begun can only be cut off: it must never look whole.
  if (reply.raw.headersSent) return reply.raw.destroy();
  if (error instanceof QueueFullError)
    reply.header('retry-after', Math.ceil(error.predictedWaitMs / 1000) || 1);
  const status = isMillpondError(error) ? ERROR_CODES[error.code].status : (error.statusCode ?? 500);
  return refuse(reply, status, status < 500 || isMillpondError(error) ? error.message : 'It failed.');
});

for (const name of ['SIGINT', 'SIGTERM']) {
  process.once(name, async () => {
    await app.close();
    const { endBytes } = await runtime.close();
    console.log(`closed, ${endBytes} bytes left`);
  });
}
console.log(await app.listen({ port: Number(port), host: '127.0.0.1' }));

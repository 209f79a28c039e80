/**
 * An HTTP service that works in leases: the body of a request is read into one, a job changes it, and the
 * response is sent from it. It takes no more than it can hold, and stops working for clients that have gone.
 *
 *     node main.ts 8080 &
 *     curl --data-binary @voice.f32 localhost:8080/ > louder.f32
 */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { addAbortSignal } from 'node:stream';
import { createRuntime, ERROR_CODES, isMillpondError, type Lease, MiB } from 'millpond';

const [port = '0'] = process.argv.slice(2);
const MOST_REQUESTS = 8;
const MOST_BYTES = 4 * MiB;
const MOST_MS = 30_000;

// What all requests may hold together fits, so none of them waits for memory.
const runtime = await createRuntime({
  job: new URL('./normalize.ts', import.meta.url),
  threads: 2,
  budgetBytes: MOST_REQUESTS * MOST_BYTES + 8 * MiB,
});
let accepted = 0;

const server = createServer(async (request, response) => {
  const { live, ready } = runtime.health();
  const length = Number(request.headers['content-length']);
  if (request.url === '/live') response.writeHead(live ? 200 : 503).end();
  else if (request.url === '/ready') response.writeHead(ready ? 200 : 503).end();
  else if (!(length > 0)) response.writeHead(411).end();
  else if (length > MOST_BYTES) response.writeHead(413).end();
  else if (accepted >= MOST_REQUESTS) response.writeHead(429, { 'retry-after': '1' }).end();
  else {
    accepted++;
    try {
      await answer(request, response, length);
    } catch (error) {
      refuse(response, error);
    } finally {
      accepted--;
    }
  }
});

async function answer(request: IncomingMessage, response: ServerResponse, length: number): Promise<void> {
  const gone = new AbortController();
  response.once('close', () => gone.abort(new Error('The client has gone.')));
  const signal = AbortSignal.any([gone.signal, AbortSignal.timeout(MOST_MS)]);

  using body = await runtime.pool.acquireAsync(length, { signal });
  let at = 0;
  for await (const chunk of addAbortSignal(signal, request)) {
    body.bytes.set(chunk, at);
    at += chunk.length;
  }
  using louder = await runtime.run<Lease>(body, { signal });
  response.writeHead(200, { 'content-type': 'application/octet-stream', 'content-length': length });
  await louder.writeTo(response, { signal });
  response.end();
}

function refuse(response: ServerResponse, error: unknown): void {
  // A response that has begun can only be cut off: it must never look whole.
  if (response.headersSent) response.destroy();
  else response.writeHead(isMillpondError(error) ? ERROR_CODES[error.code].status : 500).end();
}

server.listen(Number(port), '127.0.0.1', () => {
  const address = server.address() as AddressInfo;
  console.log(`http://127.0.0.1:${address.port}/`);
});

for (const name of ['SIGINT', 'SIGTERM']) {
  process.once(name, () => {
    // Whoever stalls would keep it open; an orchestrator sends SIGKILL after 30 s.
    setTimeout(() => server.closeAllConnections(), 15_000).unref();
    server.close(async () => {
      const { endBytes } = await runtime.close();
      console.log(`closed, ${endBytes} bytes left`);
    });
  });
}

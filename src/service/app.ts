/**
 * HTTP: who a request is from, what of it is refused before anybody looks at it, and how errors are told.
 * Runs on the front process's thread; owns the server.
 */
import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import type { Duplex } from 'node:stream';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { MillpondError } from '../errors.ts';
import { setTimeout } from '../timers.ts';
import type { ServiceMetrics } from './metrics.ts';
import type { Client, ServiceSettings } from './options.ts';
import { load } from './peers.ts';
import { isOurs, PROBLEM_TYPE, problemOf, translated } from './problem.ts';
import type { RequestLog } from './request-log.ts';
import { schemaError } from './schema-errors.ts';
import { Refusal } from './turns.ts';

/** Of the head of a request. */
const MOST_HEAD_BYTES = 16_384;
const MOST_HEADERS = 100;
/** A head has to be there by then. */
const HEAD_MS = 10_000;
/** An idle connection is closed after that. */
const KEEP_ALIVE_MS = 65_000;
const CHECK_MS = 1000;
/** What is refused without its body keeps its connection so long, to read the answer. */
const LINGER_MS = 1000;
const MOST_PARAMETER = 100;

const HEADERS: Readonly<Record<string, string>> = {
  'x-content-type-options': 'nosniff',
  'content-security-policy': "default-src 'none'; frame-ancestors 'none'; sandbox",
  'cross-origin-resource-policy': 'same-origin',
  'referrer-policy': 'no-referrer',
};

/** Who asks, as admission and results know it. */
interface Caller {
  readonly client: string;
}

declare module 'fastify' {
  interface FastifyRequest {
    caller: Caller | null;
  }
}

interface AppParts {
  readonly settings: ServiceSettings;
  readonly log: RequestLog;
  readonly metrics: () => ServiceMetrics;
}

/** @throws MillpondError `ERR_PEER_MISSING` */
export async function createApp({ settings, log, metrics }: AppParts): Promise<FastifyInstance> {
  const { default: fastify } = await load<typeof import('fastify')>('fastify');
  const app: FastifyInstance = fastify({
    // A body is looked after by whoever reads it.
    bodyLimit: Number.MAX_SAFE_INTEGER,
    requestTimeout: 0,
    connectionTimeout: 0,
    keepAliveTimeout: KEEP_ALIVE_MS,
    forceCloseConnections: 'idle',
    return503OnClosing: false,
    routerOptions: { maxParamLength: MOST_PARAMETER, ignoreTrailingSlash: true },
    trustProxy: settings.trustProxy.length > 0 ? [...settings.trustProxy] : false,
    genReqId: () => randomBytes(8).toString('hex'),
    ajv: { customOptions: { removeAdditional: false, allErrors: false, coerceTypes: true, verbose: true } },
    schemaErrorFormatter: schemaError,
    http: {
      maxHeaderSize: MOST_HEAD_BYTES,
      headersTimeout: HEAD_MS,
      connectionsCheckingInterval: CHECK_MS,
      requireHostHeader: true,
    },
    clientErrorHandler,
    frameworkErrors: (error, request, reply) => void tell(error, request, reply),
  });
  app.server.maxHeadersCount = MOST_HEADERS;
  // Nothing is read of a body whose request is refused.
  app.server.on('checkContinue', (request, response) => app.server.emit('request', request, response));
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('*', (_request, body, done) => done(null, body));

  app.decorateRequest('caller', null);
  log.attach(app, metrics);
  const clients = settings.clients.map((client) => ({ client, digest: digestOf(client.token) }));
  app.addHook('onRequest', async (request, reply) => {
    for (const [name, value] of Object.entries(HEADERS)) reply.header(name, value);
    request.caller = callerOf(request, clients);
  });
  app.setErrorHandler((error, request, reply) => tell(error, request, reply));
  app.setNotFoundHandler((request) => {
    throw missing(app, request);
  });

  async function tell(error: unknown, request: FastifyRequest, reply: FastifyReply): Promise<void> {
    const known = translated(error);
    const problem = problemOf(known, request.id);
    // The client that has gone is no failure.
    if (isOurs(problem.status) && !reply.raw.destroyed) log.failed(request.id, error);
    if (reply.raw.headersSent) {
      reply.raw.destroy();
      return;
    }
    if (known instanceof Refusal) {
      if (known.retryAfterMs !== null) reply.header('retry-after', Math.ceil(known.retryAfterMs / 1000));
      if (known.ticket !== null) reply.header('millpond-ticket', known.ticket);
    } else if (problem.retry && problem.status === 503) reply.header('retry-after', 1);
    if (problem.status === 401) reply.header('www-authenticate', 'Bearer');
    closeUnread(request, reply);
    const ticket = known instanceof Refusal && known.ticket !== null ? { ticket: known.ticket } : {};
    await reply
      .code(problem.status)
      .type(PROBLEM_TYPE)
      .send(Buffer.from(JSON.stringify({ ...problem, ...ticket })));
  }
  return app;
}

/** The rest of a body that nobody reads is not waited for. */
function closeUnread({ raw }: FastifyRequest, reply: FastifyReply): void {
  if (raw.complete) return;
  reply.header('connection', 'close');
  const { socket } = raw;
  reply.raw.once('finish', () => setTimeout(() => socket.destroy(), LINGER_MS).unref());
}

function digestOf(token: string): Buffer {
  return createHash('sha256').update(token).digest();
}

/** Null for those who name none that is known. */
function callerOf(
  request: FastifyRequest,
  clients: readonly { readonly client: Client; readonly digest: Buffer }[],
): Caller | null {
  if (clients.length === 0) return { client: request.ip };
  const { authorization = '' } = request.headers;
  const token = /^Bearer +(\S{1,4096}) *$/i.exec(authorization)?.[1];
  if (token === undefined) return null;
  const given = digestOf(token);
  let found: Client | null = null;
  // All are compared, so the time does not tell which one it was.
  for (const { client, digest } of clients) if (timingSafeEqual(digest, given)) found = client;
  return found === null ? null : { client: found.name };
}

/** @throws MillpondError `ERR_UNAUTHORIZED` */
export function needCaller({ caller }: FastifyRequest): Caller {
  if (caller !== null) return caller;
  throw new MillpondError(
    'ERR_UNAUTHORIZED',
    'A request has the token of a client of this service, as Authorization: Bearer TOKEN, got none or an unknown one. Ask its operator for one.',
  );
}

function missing(app: FastifyInstance, { method, url }: FastifyRequest): MillpondError {
  const path = url.split('?', 1)[0].slice(0, 200);
  const others = ['GET', 'POST'].filter(
    (other) => other !== method && app.findRoute({ method: other as 'GET', url: path }),
  );
  if (others.length > 0) {
    return new MillpondError(
      'ERR_METHOD',
      `${path} takes ${others.join(' and ')}, got ${method}. Look at /openapi.json.`,
    );
  }
  return new MillpondError(
    'ERR_NOT_FOUND',
    `A request is for something that is there, got ${JSON.stringify(path)}. Look at /openapi.json.`,
  );
}

/** What is no HTTP has no request yet. */
function clientErrorHandler(error: NodeJS.ErrnoException, socket: Duplex): void {
  if (error.code === 'ECONNRESET' || !socket.writable) {
    socket.destroy();
    return;
  }
  const known = translated(Object.assign(error, { statusCode: 400 }));
  const problem = problemOf(known, 'none');
  const body = JSON.stringify(problem);
  socket.end(
    `HTTP/1.1 ${problem.status} Refused\r\nContent-Type: ${PROBLEM_TYPE}\r\nContent-Length: ${Buffer.byteLength(body)}\r\nConnection: close\r\n\r\n${body}`,
  );
}

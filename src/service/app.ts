/**
 * HTTP: who a request is from, what of it is refused before anybody looks at it, and how errors are told.
 * Runs on the front process's thread; owns the server.
 */
import { createHash, randomUUID, timingSafeEqual } from 'node:crypto';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { isMillpondError, MillpondError } from '../errors.ts';
import { clientAddress } from './client-address.ts';
import { Connections } from './connections.ts';
import { checkHead, hasBody } from './head.ts';
import type { ServiceMetrics } from './metrics.ts';
import type { Client, ServiceSettings } from './options.ts';
import { load } from './peers.ts';
import { isOurs, PROBLEM_TYPE, problemOf, translated } from './problem.ts';
import type { RequestLog } from './request-log.ts';
import { schemaError } from './schema-errors.ts';
import { Refusal } from './turns.ts';
import { isShort, readAway } from './unread.ts';

/** Of the head of a request. */
const MOST_HEAD_BYTES = 16_384;
const MOST_HEADERS = 100;
/** A head has to be there by then. */
const HEAD_MS = 10_000;
/** An idle connection is closed after that. */
const KEEP_ALIVE_MS = 65_000;
const CHECK_MS = 1000;
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
  const connections = new Connections();
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
    // 16 digits; of these identifiers Node draws many at once.
    genReqId: () => randomUUID().slice(19).replace('-', ''),
    // With strict numbers no range is asked of 1e999, which is Infinity.
    ajv: {
      customOptions: { removeAdditional: false, coerceTypes: true, verbose: true, strictNumbers: false },
    },
    schemaErrorFormatter: schemaError,
    http: {
      maxHeaderSize: MOST_HEAD_BYTES,
      headersTimeout: HEAD_MS,
      connectionsCheckingInterval: CHECK_MS,
      // That is looked at with the rest of the head.
      requireHostHeader: false,
    },
    clientErrorHandler: connections.refuse,
    frameworkErrors: (error, request, reply) => void tell(error, request, reply),
  });
  app.server.maxHeadersCount = MOST_HEADERS;
  // Nothing is read of a body whose request is refused.
  app.server.on('checkContinue', (request, response) => app.server.emit('request', request, response));
  app.server.on('checkExpectation', (request, response) => app.server.emit('request', request, response));
  connections.watch(app.server);
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('*', (_request, body, done) => done(null, body));

  app.decorateRequest('caller', null);
  log.attach(app, metrics);
  const clients = settings.clients.map((client) => ({ client, digest: digestOf(client.token) }));
  app.addHook('onRequest', async (request, reply) => {
    for (const [name, value] of Object.entries(HEADERS)) reply.header(name, value);
    checkHead(request.raw);
    // Nobody reads it: the connection is over with the answer.
    if (request.method !== 'POST' && hasBody(request.raw)) reply.header('connection', 'close');
    request.caller = callerOf(request, clients);
  });
  app.setErrorHandler((error, request, reply) => tell(error, request, reply));
  app.setNotFoundHandler((request, reply) => {
    throw missing(app, request, reply);
  });

  async function tell(error: unknown, request: FastifyRequest, reply: FastifyReply): Promise<void> {
    const known = translated(error);
    const problem = problemOf(known, request.id);
    // The client that has gone is no failure.
    const hasGone = reply.raw.destroyed && !isMillpondError(known);
    if (isOurs(problem.status) && !hasGone) log.failed(request.id, error);
    if (reply.raw.headersSent) {
      reply.raw.destroy();
      return;
    }
    if (known instanceof Refusal) {
      if (known.retryAfterMs !== null) reply.header('retry-after', Math.ceil(known.retryAfterMs / 1000));
      if (known.ticket !== null) reply.header('millpond-ticket', known.ticket);
    } else if (problem.retry && problem.status === 503) reply.header('retry-after', 1);
    if (problem.status === 401) reply.header('www-authenticate', 'Bearer');
    const body = Buffer.from(JSON.stringify({ ...problem, ...(known instanceof Refusal && refused(known)) }));
    reply.code(problem.status).type(PROBLEM_TYPE);
    if (request.raw.complete) {
      await reply.send(body);
      return;
    }
    // The rest of a small body comes by itself, and costs less than another connection.
    const stays = known instanceof Refusal && isShort(request.raw);
    if (!stays) reply.header('connection', 'close');
    reply.header('content-length', body.length);
    reply.hijack();
    reply.raw.writeHead(problem.status, reply.getHeaders() as Record<string, string>);
    reply.raw.write(body);
    await readAway(request.raw, reply.raw);
    const { socket, complete } = request.raw;
    reply.raw.end(() => {
      if (stays && !complete) socket.destroySoon();
    });
  }
  return app;
}

/** What a problem says beyond its code: where no waiting helps, the same request will not do later. */
function refused({ retryAfterMs, ticket }: Refusal): { ticket?: string; retry?: boolean } {
  return { ...(ticket !== null && { ticket }), ...(retryAfterMs === null && { retry: false }) };
}

function digestOf(token: string): Buffer {
  return createHash('sha256').update(token).digest();
}

/** Null for those who name none that is known. */
function callerOf(
  request: FastifyRequest,
  clients: readonly { readonly client: Client; readonly digest: Buffer }[],
): Caller | null {
  if (clients.length === 0) {
    return { client: clientAddress(request.ip ?? '', request.socket.remoteAddress ?? '') };
  }
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

function missing(app: FastifyInstance, { method, url }: FastifyRequest, reply: FastifyReply): MillpondError {
  const path = url.split('?', 1)[0].slice(0, 200);
  const others = ['GET', 'POST'].filter(
    (other) => other !== method && app.findRoute({ method: other as 'GET', url: path }),
  );
  if (others.length > 0) {
    reply.header('allow', others.map((other) => (other === 'GET' ? 'GET, HEAD' : other)).join(', '));
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

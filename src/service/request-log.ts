/** A line of the log for each request, as JSON on stderr, once it is over. */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { createLogger, type LogLevel } from '../telemetry/log.ts';
import { nowMs, wallMs } from '../timers.ts';
import { endStatus, wasCut } from './answer-ends.ts';
import type { ServiceMetrics } from './metrics.ts';

export interface RequestLog {
  /** Something in here went wrong. */
  failed(instance: string, error: unknown): void;
  /** Before all routes. */
  attach(app: FastifyInstance, metrics: () => ServiceMetrics): void;
}

export function createRequestLog(level: LogLevel): RequestLog {
  const logger = level === 'silent' ? null : createLogger(level, wallMs);
  return {
    failed(id, error) {
      const { message, stack, code } = error as NodeJS.ErrnoException;
      logger?.error({ event: 'failure', id, code, error: message, stack }, 'A request failed in here.');
    },
    attach(app, metrics) {
      app.addHook('onRequest', (request, reply, done) => {
        const begunMs = nowMs();
        reply.raw.once('close', () => {
          const status = endStatus(reply.raw);
          const route = request.routeOptions.url ?? 'none';
          const ms = nowMs() - begunMs;
          metrics().answered(route, status, ms);
          logger?.info(lineOf(request, reply, { route, status, ms }), 'Request answered.');
        });
        done();
      });
    },
  };
}

function lineOf(
  { id, method, caller, raw, headers }: FastifyRequest,
  { raw: answer }: FastifyReply,
  { route, status, ms }: { route: string; status: number; ms: number },
): object {
  const traceId = traceOf(headers.traceparent);
  const timing = answer.getHeader('server-timing');
  return {
    event: 'request',
    id,
    ...(traceId !== null && { traceId }),
    client: caller?.client ?? null,
    method,
    route,
    status,
    ms: Math.round(ms * 10) / 10,
    ...(timing !== undefined && { timing }),
    ...((wasCut(answer) || answer.errored != null) && { cut: true }),
    ...(raw.destroyed && !raw.complete && { bodyComplete: false }),
  };
}

/** The trace that the request belongs to (W3C Trace Context); null for none. */
function traceOf(header: string | string[] | undefined): string | null {
  if (typeof header !== 'string') return null;
  const id = /^[\da-f]{2}-([\da-f]{32})-[\da-f]{16}-[\da-f]{2}/.exec(header)?.[1];
  return id === undefined || /^0+$/.test(id) ? null : id;
}

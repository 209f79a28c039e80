/** Whether the service lives and takes work, and its figures. */
import type {} from '@fastify/swagger';
import type { FastifyInstance } from 'fastify';
import { needCaller } from '../app.ts';
import type { ServiceSettings } from '../options.ts';

interface Watched {
  readonly settings: ServiceSettings;
  /** The processes behind it can be had. */
  isLive(): boolean;
  /** It takes new work: it is neither leaving, nor is memory critical. */
  isReady(): boolean;
  /** Prometheus' text format. */
  metrics(): Promise<string>;
}

const TEXT = 'text/plain; version=0.0.4; charset=utf-8';

export function watchingRoutes(app: FastifyInstance, { settings, ...watched }: Watched): void {
  const preHandler = (request: Parameters<typeof needCaller>[0], _reply: unknown, done: () => void): void => {
    if (settings.watching === 'token' && settings.clients.length > 0) needCaller(request);
    done();
  };
  const state = { 200: { description: 'It does.' }, 503: { description: 'It does not.' } };
  app.get(
    '/livez',
    {
      preHandler,
      schema: { summary: 'Whether the service can go on; where not, start it again', response: state },
    },
    (_request, reply) => reply.code(watched.isLive() ? 200 : 503).send(),
  );
  app.get(
    '/readyz',
    { preHandler, schema: { summary: 'Whether it takes new work', response: state } },
    (_request, reply) => reply.code(watched.isReady() ? 200 : 503).send(),
  );
  app.get(
    '/metrics',
    { preHandler, schema: { summary: 'Figures of the service and all its processes, for Prometheus' } },
    async (_request, reply) => reply.type(TEXT).send(await watched.metrics()),
  );
}

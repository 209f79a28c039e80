/** The description of all routes, made from the schemas that check them, and a page to try them from. */
import type {} from '@fastify/swagger';
import type { FastifyInstance } from 'fastify';
import { packageVersion } from '../../version.ts';
import { load } from '../peers.ts';

const AUDIO = {
  required: true,
  description: 'The audio itself, or a form with it as its one file.',
  content: {
    'application/octet-stream': { schema: { type: 'string', format: 'binary' } },
    'multipart/form-data': {
      schema: {
        type: 'object',
        required: ['audio'],
        properties: { audio: { type: 'string', format: 'binary' } },
      },
    },
  },
} as const;

const HEADERS = [
  {
    in: 'header',
    name: 'Prefer',
    schema: { type: 'string', pattern: '^wait=\\d{1,6}$' },
    description: 'wait=SECONDS: by then it has to be done, or it is refused.',
  },
  {
    in: 'header',
    name: 'Millpond-Ticket',
    schema: { type: 'string' },
    description: 'Of a refusal: it holds a place for five seconds from when the refusal said to come back.',
  },
] as const;

/** The page gets everything from here, over HTTP too. */
const PAGE_POLICY =
  "default-src 'self'; img-src 'self' data:; style-src 'self' 'unsafe-inline'; script-src 'self'; object-src 'none'; base-uri 'self'; frame-ancestors 'none'";

/** Before all other routes: it gathers what is registered after it. */
export async function describeRoutes(app: FastifyInstance, hasClients: boolean): Promise<void> {
  const { default: swagger } = await load<typeof import('@fastify/swagger')>('@fastify/swagger');
  const security = hasClients ? { security: [{ token: [] }] } : {};
  await app.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: {
        title: 'millpond',
        version: packageVersion(),
        description: 'Makes other formats of audio files, and measures them, in bounded memory.',
      },
      components: { securitySchemes: { token: { type: 'http', scheme: 'bearer' } } },
      ...security,
    },
    transformObject: (given) => {
      if (!('openapiObject' in given)) return given.swaggerObject;
      for (const [path, item] of Object.entries(given.openapiObject.paths ?? {})) {
        const { post } = item as { post?: { requestBody?: unknown; parameters?: unknown[] } };
        if (post === undefined || !path.startsWith('/v1/')) continue;
        post.requestBody = AUDIO;
        post.parameters = [...(post.parameters ?? []), ...HEADERS];
      }
      return given.openapiObject;
    },
  });
}

export async function describedRoutes(app: FastifyInstance): Promise<void> {
  app.get('/openapi.json', { schema: { hide: true } }, (_request, reply) => reply.send(app.swagger()));
  const { default: page } = await load<typeof import('@fastify/swagger-ui')>('@fastify/swagger-ui');
  await app.register(page, {
    routePrefix: '/docs',
    staticCSP: PAGE_POLICY,
    uiConfig: { validatorUrl: null },
    logLevel: 'silent',
  });
}

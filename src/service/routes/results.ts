/** What was made lately, again or in parts. */
import type {} from '@fastify/swagger';
import type { FastifyInstance } from 'fastify';
import type { Bytes } from '../../bytes.ts';
import { MillpondError } from '../../errors.ts';
import { needCaller } from '../app.ts';
import { deliver } from '../deliver.ts';
import type { Results } from '../results.ts';
import { REFUSALS } from '../schemas.ts';

export function resultRoutes(app: FastifyInstance, results: Results, minRate: Bytes): void {
  app.get<{ Params: { address: string } }>(
    '/v1/results/:address',
    {
      schema: {
        summary: 'Fetch a result again, whole or in part, while it is kept',
        params: {
          type: 'object',
          properties: { address: { type: 'string', title: '64 hex digits', pattern: '^[0-9a-f]{64}$' } },
        },
        response: {
          200: {
            description: 'The result.',
            content: { '*/*': { schema: { type: 'string', format: 'binary' } } },
          },
          401: REFUSALS[401],
        },
      },
    },
    async (request, reply) => {
      const { client } = needCaller(request);
      const { address } = request.params;
      const result = results.find(address, client);
      if (result === null) throw gone(address);
      const location = `/v1/results/${address}`;
      await deliver(request, reply, result, { name: address, location, timing: null, minRate });
    },
  );
}

function gone(address: string): MillpondError {
  return new MillpondError(
    'ERR_NOT_FOUND',
    `A result is kept for a while for those who asked for it, got ${address}, which is not here. Send its audio again.`,
  );
}

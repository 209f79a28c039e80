/** The routes that do work: a body in, a result out. */
import { Readable } from 'node:stream';
import type {} from '@fastify/swagger';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { STREAMED_TARGETS } from '../../audio/plan/streams.ts';
import { MillpondError } from '../../errors.ts';
import { clearTimeout, setTimeout } from '../../timers.ts';
import { needCaller } from '../app.ts';
import { deliver, deliverGrowing, downloadName } from '../deliver.ts';
import type { Job } from '../jobs.ts';
import { kindHint } from '../kind-hint.ts';
import { type AudioPart, audioPart } from '../multipart.ts';
import {
  ANALYZE_QUERY,
  type AnalyzeQuery,
  type CommonQuery,
  REFUSALS,
  settingsOf,
  TRANSCODE_QUERY,
  type TranscodeQuery,
} from '../schemas.ts';
import { answer, type WorkParts } from '../work.ts';

const MOST_PREFER_S = 86_400;

const binary = { schema: { type: 'string', format: 'binary' } };
export function workRoutes(app: FastifyInstance, parts: WorkParts): void {
  app.post<{ Querystring: TranscodeQuery }>(
    '/v1/transcode',
    {
      schema: {
        summary: 'Make another format of an audio file',
        querystring: TRANSCODE_QUERY,
        response: { 200: { description: 'The audio.', content: { 'audio/*': binary } }, ...REFUSALS },
      },
    },
    async (request, reply) => {
      const { query } = request;
      const job: Job = {
        kind: 'transcode',
        settings: settingsOf(query),
        verify: query.verify === true,
        streamed: query.delivery === 'stream',
      };
      if (job.streamed) checkStreamed(query);
      await work(request, reply, { job, query, extension: query.to }, parts);
    },
  );
  app.post<{ Querystring: AnalyzeQuery }>(
    '/v1/analyze',
    {
      schema: {
        summary: 'Measure loudness, true peak and levels of an audio file',
        querystring: ANALYZE_QUERY,
        response: {
          200: { description: 'The measurements.', content: { 'application/json': { schema: {} } } },
          ...REFUSALS,
        },
      },
    },
    async (request, reply) => {
      const { query } = request;
      await work(
        request,
        reply,
        { job: { kind: 'analyze', silenceDb: query.silence }, query, extension: 'json' },
        parts,
      );
    },
  );
}

interface Asked {
  readonly job: Job;
  readonly query: CommonQuery;
  /** Of the download. */
  readonly extension: string;
}

async function work(
  request: FastifyRequest,
  reply: FastifyReply,
  { job, query, extension }: Asked,
  parts: WorkParts,
): Promise<void> {
  const { client } = needCaller(request);
  const withinMs = withinOf(request, parts.settings.waitMs);
  const gone = new AbortController();
  reply.raw.once('close', () => {
    if (!reply.raw.writableFinished) gone.abort(new Error('The client has gone.'));
  });
  const late = setTimeout(() => gone.abort(tooLate(withinMs)), withinMs);
  try {
    const upload = uploadOf(request, parts.settings.maxBodyBytes);
    const nameOf = (): string => query.name ?? upload.name ?? 'audio';
    const { of, timing } = await answer(
      {
        job,
        client,
        // A form says it with its file.
        get name() {
          return nameOf();
        },
        from: kindHint(textOf(request.headers['content-type']), query.name ?? null),
        priority: query.priority ?? 0,
        withinMs,
        ticket: textOf(request.headers['millpond-ticket']),
        body: upload.body,
        length: upload.length,
        begin: () => {
          if (request.headers.expect !== undefined) reply.raw.writeContinue();
        },
        signal: gone.signal,
      },
      parts,
    );
    const about = {
      name: downloadName(nameOf(), extension),
      minRate: parts.settings.minRate,
    };
    const location = (address: string): string => `/v1/results/${address}`;
    if ('growing' in of) {
      await deliverGrowing(reply, of.growing, { ...about, location: location(of.growing.address) });
      return;
    }
    clearTimeout(late);
    await deliver(request, reply, of.result, { ...about, location: location(of.result.address), timing });
  } finally {
    clearTimeout(late);
  }
}

/** @throws MillpondError `ERR_AUDIO_UNSUPPORTED`, `ERR_INVALID_ARGUMENT` */
function checkStreamed({ to, verify }: TranscodeQuery): void {
  if (!STREAMED_TARGETS.includes(to)) {
    throw new MillpondError(
      'ERR_AUDIO_UNSUPPORTED',
      `delivery=stream is for ${STREAMED_TARGETS.join(', ')}, got ${to}, which is finished at its beginning. Leave delivery out, or choose one of them.`,
    );
  }
  if (verify) {
    throw new MillpondError(
      'ERR_INVALID_ARGUMENT',
      'delivery=stream is sent before it could be verified, got verify=true. Leave one of them out.',
    );
  }
}

interface Upload extends AudioPart {
  readonly length: number | null;
}

function uploadOf(request: FastifyRequest, mostBytes: number): Upload {
  const type = request.headers['content-type'] ?? '';
  if (/^multipart\//i.test(type)) return Object.assign(audioPart(request, mostBytes), { length: null });
  const length = request.headers['content-length'];
  return {
    name: null,
    // Nothing is made of no body at all.
    body: (request.body as Readable | undefined) ?? Readable.from([]),
    length: length === undefined ? null : Number(length),
  };
}

/** By then the client wants it: RFC 7240. */
function withinOf(request: FastifyRequest, waitMs: number): number {
  const wait = /(?:^|,)\s*wait=(\d{1,6})\s*(?:,|;|$)/i.exec(textOf(request.headers.prefer) ?? '')?.[1];
  return wait === undefined ? waitMs : Math.min(Math.max(1, Number(wait)), MOST_PREFER_S) * 1000;
}

function textOf(header: string | string[] | undefined): string | null {
  return typeof header === 'string' ? header : null;
}

function tooLate(withinMs: number): MillpondError {
  return new MillpondError(
    'ERR_TOO_LATE',
    `Work is done by the time that its request gives, got ${withinMs / 1000} s, which are over. Allow more by Prefer: wait=, or come back later.`,
  );
}

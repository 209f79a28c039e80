/** The audio in a form: its one file. Holds nothing beyond the request. */
import type { Readable } from 'node:stream';
import type { FastifyRequest } from 'fastify';
import { MillpondError } from '../errors.ts';

/**
 * The first file of a form. Fields before it are passed over: what is asked for stands in the query.
 * @throws MillpondError `ERR_HTTP_INVALID` where there is none
 */
export async function audioPart(
  request: FastifyRequest,
  mostBytes: number,
): Promise<{ name: string | null; body: Readable }> {
  const limits = { files: 1, fileSize: mostBytes, fields: 20, fieldSize: 1024, headerPairs: 50, parts: 21 };
  const part = await request.file({ limits, throwFileSizeLimit: true });
  if (part === undefined) {
    throw new MillpondError(
      'ERR_HTTP_INVALID',
      'A form has one file, the audio, got none. Send it as curl -F audio=@song.flac does, or as the body itself.',
    );
  }
  return { name: part.filename === '' ? null : part.filename, body: part.file };
}

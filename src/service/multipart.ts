/** The audio in a form: its one file. Holds nothing beyond the request. */
import { Readable } from 'node:stream';
import type { FastifyRequest } from 'fastify';
import type { Bytes } from '../bytes.ts';
import { MillpondError } from '../errors.ts';

/** What a form may have beside its file. */
const LIMITS = { files: 1, fields: 20, fieldSize: 1024, headerPairs: 50, parts: 21 };

export interface AudioPart {
  /** As the client calls it; null where it does not, and until the first byte was read. */
  readonly name: string | null;
  readonly body: Readable;
}

/**
 * The first file of a form. Fields before it are passed over: what is asked for stands in the query. Nothing
 * of the form is read before its body is, so it is under the same rules as any other.
 */
export function audioPart(request: FastifyRequest, mostBytes: Bytes): AudioPart {
  let name: string | null = null;
  async function* bytes(): AsyncGenerator<Buffer> {
    // One byte more than it may have shows that it has.
    const part = await request.file({ limits: { ...LIMITS, fileSize: mostBytes + 1 } }).catch(refuse);
    if (part === undefined) {
      throw new MillpondError(
        'ERR_HTTP_INVALID',
        'A form has one file, the audio, got none. Send it as curl -F audio=@song.flac does, or as the body itself.',
      );
    }
    name = part.filename || null;
    try {
      yield* part.file;
    } catch (error) {
      refuse(error);
    }
  }
  return {
    get name() {
      return name;
    },
    body: Readable.from(bytes(), { objectMode: false }),
  };
}

/** What the parser of forms says has no code where the form itself is wrong. */
function refuse(error: unknown): never {
  const { code, message } = error as NodeJS.ErrnoException;
  if (code !== undefined) throw error;
  throw new MillpondError(
    'ERR_HTTP_INVALID',
    `A form is as RFC 7578 has it, got one that is not: ${message.replace(/\.?$/, '.')} Send it as curl -F audio=@song.flac does.`,
    { cause: error },
  );
}

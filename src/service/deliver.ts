/** Answers with a result, whole or in part. Holds nothing beyond the answer. */
import type { ServerResponse } from 'node:http';
import { pipeline } from 'node:stream/promises';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Bytes } from '../bytes.ts';
import { MillpondError } from '../errors.ts';
import { markCut } from './answer-ends.ts';
import { type Growing, growth } from './growing.ts';
import { keepPace } from './pace.ts';
import { problemOf, translated } from './problem.ts';
import type { Result } from './results.ts';
import { readAway } from './unread.ts';

interface Delivery {
  /** Of the download. */
  readonly name: string;
  /** Where the result can be fetched from again. */
  readonly location: string;
  /** `Server-Timing`; null where nothing was made. */
  readonly timing: string | null;
  /** Bytes a second that the client has to take. */
  readonly minRate: Bytes;
}

const TYPES: Readonly<Record<string, string>> = {
  flac: 'audio/flac',
  wav: 'audio/wav',
  mp3: 'audio/mpeg',
  opus: 'audio/ogg; codecs=opus',
  ogg: 'audio/ogg; codecs=vorbis',
  m4a: 'audio/mp4',
};

export function typeOf(to: string): string {
  return TYPES[to];
}

/** Resolves when the client has all of it, or has gone. */
export async function deliver(
  request: FastifyRequest,
  reply: FastifyReply,
  { address, made, type, notes }: Result,
  { name, location, timing, minRate }: Delivery,
): Promise<void> {
  using _held = made.retain();
  const etag = `"${address}"`;
  const headers: Record<string, string | number> = {
    ...headersOf({ address, type, name, location }),
    'accept-ranges': 'bytes',
    ...(timing !== null && { 'server-timing': timing }),
    ...(notes.length > 0 && { 'millpond-notes': String(notes.length) }),
  };
  const { 'if-none-match': ifNone, 'if-range': ifRange, range } = request.headers;
  const isGet = request.method === 'GET' || request.method === 'HEAD';
  if (isGet && ifNone !== undefined && matches(ifNone, etag)) {
    send(reply, 304, headers);
    return;
  }
  let [status, start, end] = [200, 0, made.bytes];
  if (isGet && range !== undefined && (ifRange === undefined || ifRange === etag)) {
    const part = partOf(range, made.bytes);
    if (part === 'none') {
      throw rangeError(range, made.bytes);
    }
    if (part !== null) {
      [start, end] = part;
      status = 206;
      headers['content-range'] = `bytes ${start}-${end - 1}/${made.bytes}`;
    }
  }
  headers['content-length'] = end - start;
  if (request.method === 'HEAD') {
    send(reply, status, headers);
    return;
  }
  reply.hijack();
  writeHead(reply, status, headers);
  using _pace = watchReader(reply, minRate);
  // A response that has begun can only be cut off: it must never look whole. `pipeline` does so.
  await pipeline(made.createReadStream(start, end), reply.raw, { end: false });
  await endAnswer(request, reply);
}

function headersOf({
  address,
  type,
  name,
  location,
}: Omit<Delivery, 'timing' | 'minRate'> & Pick<Result, 'address' | 'type'>) {
  return {
    'content-type': type,
    'content-location': location,
    etag: `"${address}"`,
    // Bytes of one client are nobody else's, also not a cache's.
    'cache-control': 'private, max-age=0, must-revalidate',
    'content-disposition': disposition(name),
  };
}

/** A result that is still made. Resolves when the client has all of it. @throws what its making throws */
export async function deliverGrowing(
  reply: FastifyReply,
  { address, type, file, ended, held }: Growing,
  delivery: Omit<Delivery, 'timing'>,
): Promise<void> {
  using _held = held;
  const { raw } = reply;
  reply.hijack();
  writeHead(reply, 200, headersOf({ address, type, ...delivery }));
  using _pace = watchReader(reply, delivery.minRate);
  try {
    await pipeline(marked(growth(file, ended), raw), raw, { end: false });
    await endAnswer(reply.request, reply);
  } catch (error) {
    raw.destroy();
    throw error;
  }
}

/** Before anybody hears that it is cut off. */
async function* marked(chunks: AsyncIterable<Buffer>, answer: ServerResponse): AsyncGenerator<Buffer> {
  try {
    yield* chunks;
  } catch (error) {
    markCut(answer, problemOf(translated(error), '').status);
    throw error;
  }
}

/** Of what comes behind the file of a form no more is awaited than that of a refused body. */
async function endAnswer({ raw: request }: FastifyRequest, { raw }: FastifyReply): Promise<void> {
  await readAway(request, raw);
  if (!request.complete) raw.shouldKeepAlive = false;
  raw.end();
  if (!request.complete) raw.once('finish', () => request.socket.destroySoon());
}

/** Who reads too slowly is cut off. */
function watchReader({ raw }: FastifyReply, minRate: Bytes): Disposable {
  const { socket } = raw;
  if (socket === null) return { [Symbol.dispose]() {} };
  return keepPace({
    minRate,
    moved: () => socket.bytesWritten - socket.writableLength,
    idle: () => socket.writableLength === 0,
    tooSlow: () => raw.destroy(),
  });
}

function send(reply: FastifyReply, status: number, headers: Record<string, string | number>): void {
  reply.hijack();
  writeHead(reply, status, headers);
  reply.raw.end();
}

/** With what was set for every answer. The log asks for some of it later. */
function writeHead(reply: FastifyReply, status: number, headers: Record<string, string | number>): void {
  const { raw } = reply;
  for (const [name, value] of Object.entries({ ...reply.getHeaders(), ...headers })) {
    if (value !== undefined) raw.setHeader(name, value);
  }
  raw.writeHead(status);
}

function matches(header: string, etag: string): boolean {
  return header.split(',').some((one) => {
    const tag = one.trim().replace(/^W\//, '');
    return tag === '*' || tag === etag;
  });
}

/**
 * The one range that is asked for: from, and before which byte. Null for several, and for what is no range,
 * which are answered with all. `none` where it lies outside.
 */
function partOf(header: string, bytes: number): [start: number, end: number] | 'none' | null {
  const match = /^bytes=(\d{0,15})-(\d{0,15})$/.exec(header.replaceAll(' ', ''));
  if (match === null) return null;
  const [, first, last] = match;
  if (first === '' && last === '') return null;
  if (first === '') {
    const count = Math.min(Number(last), bytes);
    return count === 0 ? 'none' : [bytes - count, bytes];
  }
  const start = Number(first);
  if (last !== '' && Number(last) < start) return null;
  if (start >= bytes) return 'none';
  return [start, last === '' ? bytes : Math.min(Number(last) + 1, bytes)];
}

/** RFC 6266, with the name in ASCII for those that read no other. */
function disposition(name: string): string {
  const plain = name.replace(/[^\w.()[\] -]/g, '_');
  const exact = encodeURIComponent(name).replace(/['()*]/g, (c) => `%${c.charCodeAt(0).toString(16)}`);
  return `attachment; filename="${plain}"; filename*=UTF-8''${exact}`;
}

const MOST_NAME = 100;

/** What a client called its audio, as the name of a download: no path, nothing that a system reads into. */
export function downloadName(name: string, extension: string): string {
  const base = name.split(/[\\/]/).at(-1) as string;
  const clean = base
    .normalize('NFC')
    // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is taken out
    .replace(/[\u0000-\u001f\u007f-\u009f"<>:|?*\u2028\u2029\u202a-\u202e\u2066-\u2069\ufeff]/g, '_')
    .replace(/\.[^.]{1,5}$/, '')
    .replace(/^\.+|[. ]+$/g, '');
  return `${Array.from(clean.toWellFormed()).slice(0, MOST_NAME).join('') || 'audio'}.${extension}`;
}

function rangeError(range: string, bytes: number): MillpondError {
  return new MillpondError(
    'ERR_RANGE',
    `A range lies within the ${bytes} bytes of the result, got ${JSON.stringify(range.slice(0, 100))}. Ask for one that does, or leave the header out.`,
  );
}

/** One request over a connection of its own: whole, cut off, or stopped midway. */
import { type IncomingHttpHeaders, request } from 'node:http';
import { connect } from 'node:net';

interface Asked {
  readonly method?: 'GET' | 'POST' | 'HEAD';
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Buffer;
  /** Of the body; the head says all. */
  readonly send?: number;
  /** Reads nothing of the answer. */
  readonly deaf?: boolean;
}

export interface Answered {
  /** 0 where the connection ended before its answer. */
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

const NOTHING: Answered = { status: 0, headers: {}, body: Buffer.alloc(0) };

/** Resolves when the answer is there, the connection is gone, or the signal cuts it. */
export function ask(url: string, asked: Asked, signal: AbortSignal): Promise<Answered> {
  const { method = 'POST', path, headers = {}, body, send, deaf = false } = asked;
  const { promise, resolve } = Promise.withResolvers<Answered>();
  const { hostname, port } = new URL(url);
  const length = body === undefined ? {} : { 'content-length': body.length };
  const sender = request({
    ...{ host: hostname, port, method, path, agent: false, signal },
    headers: { ...length, ...headers },
  });
  sender.on('error', () => resolve(NOTHING));
  sender.on('close', () => resolve(NOTHING));
  sender.on('response', (response) => {
    if (deaf) {
      response.pause();
      return;
    }
    const pieces: Buffer[] = [];
    response.on('data', (piece) => pieces.push(piece));
    response.on('error', () => resolve(NOTHING));
    response.on('end', () => {
      const { statusCode = 0, headers } = response;
      resolve({ status: statusCode, headers, body: Buffer.concat(pieces) });
    });
  });
  if (body === undefined) sender.end();
  else if (send === undefined) sender.end(body);
  else sender.write(body.subarray(0, send));
  return promise;
}

/** Bytes as they are, on a connection that stays until the server or the signal ends it. */
export function sendRaw(url: string, bytes: Buffer | null, signal: AbortSignal): Promise<void> {
  const { hostname, port } = new URL(url);
  const { promise, resolve } = Promise.withResolvers<void>();
  const socket = connect({ host: hostname, port: Number(port), signal });
  socket.on('error', () => {});
  socket.on('close', () => resolve());
  socket.resume();
  if (bytes !== null) socket.write(bytes);
  return promise;
}

/**
 * What several requests of one connection have to do with each other. Owns which answers are open on each, on
 * the front process's thread.
 * Invariants: bytes that are no HTTP, or do not come, are answered behind what was asked before them, and
 * never in the middle of it; an answer whose connection is over is over too, also one whose turn had not
 * come.
 */
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import { MillpondError } from '../errors.ts';
import { setTimeout } from '../timers.ts';
import { PROBLEM_TYPE, problemOf, translated } from './problem.ts';
import { LINGER_MS } from './unread.ts';

/** A connection on which nothing moves for so long, and nobody works for it, is over. */
const STALLED_MS = 15_000;

interface Open {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
}

export class Connections {
  readonly #open = new WeakMap<Duplex, Open[]>();
  /** Connections that were found faulty once. Whatever comes there is faulty too. */
  readonly #over = new WeakSet<Duplex>();

  watch(server: Server): void {
    // Of work that is done nothing moves for as long as it takes; but what was written has to be read.
    server.setTimeout(STALLED_MS, (socket) => {
      if (socket.writableLength > 0 || this.#openOn(socket).length === 0) socket.destroy();
    });
    server.prependListener('request', (request: IncomingMessage, response: ServerResponse) => {
      const { socket } = request;
      if (!this.#open.has(socket)) socket.once('close', () => this.#end(socket));
      this.#open.set(socket, [...this.#openOn(socket), { request, response }]);
    });
  }

  /** As Node tells it of a connection. */
  readonly refuse = (error: NodeJS.ErrnoException, socket: Duplex): void => {
    if (this.#over.has(socket)) return;
    this.#over.add(socket);
    const open = this.#openOn(socket);
    const last = open.at(-1);
    if (error.code === 'ECONNRESET' || !socket.writable) socket.destroy();
    else if (last === undefined) end(error, socket);
    else if (last.request.complete) last.response.once('close', () => end(error, socket));
    // The fault is in its body.
    else if (open.length === 1 && !last.response.headersSent) end(ofBody(error), socket);
    else socket.destroy();
  };

  /** Node ends only the answer that is being sent. */
  #end(socket: Duplex): void {
    for (const { response } of this.#openOn(socket)) {
      if (response.socket !== null) continue;
      response.destroy();
      response.emit('close');
    }
  }

  #openOn(socket: Duplex): Open[] {
    const all = this.#open.get(socket) ?? [];
    return all.filter(({ response }) => !response.writableFinished && !response.destroyed);
  }
}

function ofBody(error: NodeJS.ErrnoException): Error {
  if (error.code !== 'HPE_INVALID_EOF_STATE') return error;
  return new MillpondError(
    'ERR_BODY_INCOMPLETE',
    'A body has all the bytes that its head says, got its end before. Send it again.',
    { cause: error },
  );
}

function end(error: Error, socket: Duplex): void {
  const problem = problemOf(translated(Object.assign(error, { statusCode: 400 })), 'none');
  const body = JSON.stringify(problem);
  if (socket.writable) {
    socket.end(
      `HTTP/1.1 ${problem.status} Refused\r\nContent-Type: ${PROBLEM_TYPE}\r\nContent-Length: ${Buffer.byteLength(body)}\r\nConnection: close\r\n\r\n${body}`,
    );
  }
  // Its client may never close it.
  setTimeout(() => socket.destroy(), LINGER_MS).unref();
}

/**
 * Requests whose answers have not gone: what leaving waits for, since work that is done may still be on its
 * way to a slow reader. Runs on the front process's thread; owns the count.
 */
import type { FastifyInstance } from 'fastify';

export class OpenRequests {
  #count = 0;
  #idle: (() => void)[] = [];

  get count(): number {
    return this.#count;
  }

  /** Before all routes. */
  attach(app: FastifyInstance): void {
    app.addHook('onRequest', (_request, reply, done) => {
      this.#count++;
      reply.raw.once('close', () => {
        this.#count--;
        if (this.#count === 0) for (const resolve of this.#idle.splice(0)) resolve();
      });
      done();
    });
  }

  /** Resolves when there is none. */
  async settled(): Promise<void> {
    if (this.#count > 0) await new Promise<void>((resolve) => this.#idle.push(resolve));
  }
}

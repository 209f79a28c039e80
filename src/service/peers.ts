/** Packages that only a service needs, loaded when one starts. */
import { MillpondError } from '../errors.ts';

/** @throws MillpondError `ERR_PEER_MISSING` */
export async function load<Module>(name: string): Promise<Module> {
  try {
    return (await import(name)) as Module;
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code !== 'ERR_MODULE_NOT_FOUND') throw cause;
    throw new MillpondError(
      'ERR_PEER_MISSING',
      `A service needs the packages fastify, @fastify/multipart, @fastify/swagger and @fastify/swagger-ui beside millpond, got no ${name}. Install them: npm install fastify @fastify/multipart @fastify/swagger @fastify/swagger-ui.`,
      { cause },
    );
  }
}

/** Packages that only a service needs, loaded when one starts. */
import { MillpondError } from '../errors.ts';

const PEERS = ['fastify', '@fastify/multipart', '@fastify/swagger', '@fastify/swagger-ui'];

/** Before anything is started. @throws MillpondError `ERR_PEER_MISSING` */
export function needPeers(): void {
  for (const name of PEERS) {
    try {
      import.meta.resolve(name);
    } catch (cause) {
      throw missing(name, cause);
    }
  }
}

/** @throws MillpondError `ERR_PEER_MISSING` */
export async function load<Module>(name: string): Promise<Module> {
  try {
    return (await import(name)) as Module;
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code !== 'ERR_MODULE_NOT_FOUND') throw cause;
    throw missing(name, cause);
  }
}

function missing(name: string, cause: unknown): MillpondError {
  return new MillpondError(
    'ERR_PEER_MISSING',
    `A service needs the packages ${PEERS.slice(0, -1).join(', ')} and ${PEERS.at(-1)} beside millpond, got no ${name}. Install them: npm install ${PEERS.join(' ')}.`,
    { cause },
  );
}

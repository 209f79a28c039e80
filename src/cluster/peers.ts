/** Packages that only batches over hosts need, loaded when one is asked for. */
import { MillpondError } from '../errors.ts';

const PEERS = ['bullmq', 'ioredis'];

type Ioredis = typeof import('ioredis');
type BullMq = typeof import('bullmq');

/** @throws MillpondError `ERR_PEER_MISSING` */
export async function loadPeers(): Promise<{ bullmq: BullMq; ioredis: Ioredis }> {
  const [bullmq, ioredis] = await Promise.all([load<BullMq>('bullmq'), load<Ioredis>('ioredis')]);
  return { bullmq, ioredis };
}

async function load<Module>(name: string): Promise<Module> {
  try {
    return (await import(name)) as Module;
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code !== 'ERR_MODULE_NOT_FOUND') throw cause;
    throw new MillpondError(
      'ERR_PEER_MISSING',
      `A batch over hosts needs the packages ${PEERS.join(' and ')} beside millpond, got no ${name}. Install them: npm install ${PEERS.join(' ')}.`,
      { cause },
    );
  }
}

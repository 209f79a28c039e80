/** A connection to Redis or Valkey that is there when it is handed out, and comes back when it is cut. */
import type { Redis } from 'ioredis';
import { MillpondError } from '../errors.ts';
import { escaped } from '../text/escaping.ts';
import { withoutPassword } from '../text/urls.ts';
import { setTimeout } from '../timers.ts';

export interface RedisOptions {
  /** As `redis://user:password@host:6379/0`; `rediss://` for TLS. */
  readonly url: string;
  /** How long a page is held without being renewed. */
  readonly lockMs: number;
  /** Is told of what BullMQ and the connection complain about, which is no end: both try again. */
  readonly complain?: (message: string) => void;
}

/** One that starts at the same time may come a little later. */
const CONNECT_MS = 10_000;
const RETRY_MS = 100;
const MOST_RETRY_MS = 1000;
/** What no second try changes. */
const FINAL = /^(WRONGPASS|NOAUTH|NOPERM|ERR invalid|ERR AUTH)|certificate/;

/** @throws MillpondError `ERR_BROKER_UNREACHABLE` */
export async function connectRedis(
  redis: typeof Redis,
  { url, lockMs, complain }: RedisOptions,
): Promise<Redis> {
  const client = new redis(url, {
    maxRetriesPerRequest: null,
    lazyConnect: true,
    connectTimeout: CONNECT_MS,
    keepAlive: 5000,
    retryStrategy: (times) => Math.min(RETRY_MS * times, MOST_RETRY_MS),
  });
  let last = new Error('no answer');
  const late = Promise.withResolvers<never>();
  client.on('error', (error) => {
    last = error;
    complain?.(`the connection to the broker: ${error.message}`);
    if (FINAL.test(error.message)) late.reject(error);
  });
  using timer = setTimeout(() => late.reject(last), CONNECT_MS);
  timer.unref();
  try {
    await Promise.race([client.ping(), late.promise]);
    // A connection that was cut without a word is noticed while its locks still hold. Not before it is there:
    // the timer of a question that is open when a connection fails keeps the process from its end.
    client.options.socketTimeout = lockMs;
    return client;
  } catch (cause) {
    client.disconnect();
    const why = escaped((cause as Error).message).replace(/\.*$/, '');
    throw new MillpondError(
      'ERR_BROKER_UNREACHABLE',
      `A broker is a Redis or Valkey that answers, got '${escaped(withoutPassword(url))}': ${why}. Check --broker, and whether it runs there.`,
      { cause },
    );
  } finally {
    late.promise.catch(() => {});
  }
}

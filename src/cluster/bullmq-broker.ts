/**
 * The queue of pages in Redis or Valkey, by BullMQ: one of its queues for each batch, and a hash that names
 * the batches. Pages are fetched by hand, each with a token of its own. Owns its connections and, of each
 * batch it has asked for, BullMQ's two ends; main thread.
 *
 * By hand, since BullMQ's own processor goes on after its lock has ended: of 1000 files 366 were made twice
 * by a host that was stopped for a while, and 1 so.
 */
import type { Job, Queue, Worker } from 'bullmq';
import type { Redis } from 'ioredis';
import { escaped } from '../text/escaping.ts';
import { clearTimeout, setTimeout } from '../timers.ts';
import { announcementIn } from './announcement.ts';
import type { Announcement, Broker, Delivery, PageCounts } from './broker.ts';
import { connectRedis, type RedisOptions } from './connect-redis.ts';
import { cutOverlongLocks, lockToken } from './overlong-locks.ts';
import { type PageRef, pageKey, pageOfMessage } from './page.ts';
import { loadPeers } from './peers.ts';

interface BullMqOptions extends RedisOptions {
  /** What all names in Redis begin with: clusters that share one do not meet. */
  readonly prefix: string;
  /** How often is looked for pages whose locks have ended: by whoever comes first. */
  readonly stalledMs: number;
}

/** BullMQ gives up a page that was left so often; here its deaths are counted in the store. */
const MOST_DEATHS = 1e9;
const CLOSE_MS = 1000;
const RETRY_MS = 100;
const PUT_TOGETHER = 500;

interface Ends {
  readonly queue: Queue;
  /** Made when the first page is asked for. */
  worker: Worker | null;
}

/**
 * Connects, and waits until the broker answers.
 * @throws MillpondError `ERR_PEER_MISSING`, `ERR_BROKER_UNREACHABLE`
 */
export async function connectBullMq(options: BullMqOptions): Promise<Broker> {
  const { bullmq, ioredis } = await loadPeers();
  const client = await connectRedis(ioredis.Redis, options);
  return new BullMqBroker(options, client, bullmq);
}

class BullMqBroker implements Broker {
  readonly lockMs: number;
  readonly #options: BullMqOptions;
  readonly #client: Redis;
  readonly #bullmq: typeof import('bullmq');
  readonly #ends = new Map<string, Ends>();
  /** Of pages that are held here. */
  readonly #jobs = new Map<string, Job>();
  #looks: NodeJS.Timeout | null = null;
  #isClosed = false;

  constructor(options: BullMqOptions, client: Redis, bullmq: typeof import('bullmq')) {
    this.lockMs = options.lockMs;
    this.#options = options;
    this.#client = client;
    this.#bullmq = bullmq;
  }

  async announce(batch: Announcement): Promise<void> {
    await this.#asked(() => this.#client.hset(this.#registry, batch.id, JSON.stringify(batch)));
  }

  async batches(): Promise<readonly Announcement[]> {
    const all = await this.#asked(() => this.#client.hvals(this.#registry));
    const known = all.map(announcementIn).filter((one) => one !== null);
    // As with pages: what somebody else has put there stops nobody.
    if (known.length < all.length) this.#options.complain?.('what is no batch is named among batches.');
    return known;
  }

  async forget(id: string): Promise<void> {
    await this.#asked(() => this.#client.hdel(this.#registry, id));
    const ends = this.#endsOf(id);
    this.#ends.delete(id);
    await this.#asked(() => ends.queue.obliterate({ force: true }));
    await this.#asked(() => this.#client.del(this.#lookKey(id)));
    await close(ends);
  }

  async put(id: string, refs: readonly PageRef[]): Promise<void> {
    const { queue } = this.#endsOf(id);
    for (let at = 0; at < refs.length; at += PUT_TOGETHER) {
      // One of the same id that is there stays as it is.
      const some = refs.slice(at, at + PUT_TOGETHER);
      const jobs = some.map((ref) => ({ name: 'page', data: ref, opts: { jobId: pageKey(ref) } }));
      await this.#asked(() => queue.addBulk(jobs));
    }
  }

  async take(id: string, token: string): Promise<Delivery | null> {
    const worker = this.#workerOf(id);
    for (;;) {
      const job = await this.#asked(() => worker.getNextJob(this.#lock(token), { block: false }));
      if (job === undefined) return null;
      const key = job.id ?? '';
      const ref = pageOfMessage(key);
      if (ref !== null) {
        this.#jobs.set(token, job);
        return { batch: id, ref, token };
      }
      // Whoever has a board can put anything there, or change what is said with a name.
      this.#options.complain?.(`a message of ${id} that is no page, '${escaped(key)}', was removed.`);
      await this.#asked(() => job.moveToCompleted(null, this.#lock(token), false));
    }
  }

  async renew(held: readonly Delivery[]): Promise<readonly Delivery[]> {
    const lost: Delivery[] = [];
    for (const [id, some] of Map.groupBy(held, ({ batch }) => batch)) {
      const ids = some.map(({ ref }) => pageKey(ref));
      const tokens = some.map(({ token }) => this.#lock(token));
      const worker = this.#workerOf(id);
      const gone = new Set(await this.#asked(() => worker.extendJobLocks(ids, tokens, this.lockMs)));
      lost.push(...some.filter(({ ref }) => gone.has(pageKey(ref))));
    }
    for (const { token } of lost) this.#jobs.delete(token);
    return lost;
  }

  done(held: Delivery): Promise<boolean> {
    return this.#leave(
      held,
      async (job) => void (await job.moveToCompleted(null, this.#lock(held.token), false)),
    );
  }

  giveBack(held: Delivery): Promise<boolean> {
    return this.#leave(held, async (job) => void (await job.moveToWait(this.#lock(held.token))));
  }

  async counts(id: string): Promise<PageCounts> {
    const {
      waiting = 0,
      active = 0,
      paused = 0,
    } = await this.#asked(() => this.#endsOf(id).queue.getJobCounts());
    return { waiting: waiting + paused, held: active };
  }

  async mayLook(id: string, token: string): Promise<boolean> {
    const key = this.#lookKey(id);
    // Who has it extends it; of two who come when its time is over one is first.
    const isFree = await this.#asked(() => this.#client.set(key, token, 'PX', this.lockMs, 'NX'));
    if (isFree === 'OK') return true;
    const isOwn = (await this.#asked(() => this.#client.get(key))) === token;
    // A broker whose clock was set back would keep that of a host that has died for as long as that.
    const isOverlong = (await this.#asked(() => this.#client.pttl(key))) > this.lockMs;
    if (isOwn || isOverlong) await this.#asked(() => this.#client.pexpire(key, this.lockMs));
    return isOwn;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isClosed = true;
    if (this.#looks !== null) clearTimeout(this.#looks);
    const late = Promise.withResolvers<void>();
    using _ = setTimeout(late.resolve, CLOSE_MS);
    await Promise.race([Promise.all([...this.#ends.values()].map(close)), late.promise]).catch(() => {});
    this.#ends.clear();
    this.#client.disconnect();
  }

  /** False where it is held by somebody else by now, or by nobody. */
  async #leave(held: Delivery, move: (job: Job) => Promise<void>): Promise<boolean> {
    const job = this.#jobs.get(held.token);
    this.#jobs.delete(held.token);
    if (job === undefined) return false;
    try {
      await this.#asked(() => move(job));
      return true;
    } catch (error) {
      if (!/lock|not in the active|Missing key/i.test((error as Error).message)) throw error;
      return false;
    }
  }

  /**
   * Nothing waits for a broker that is away: what it is asked then is not sent, and what it does not answer
   * in time may have been done or not.
   */
  async #asked<Answer>(ask: () => Promise<Answer>): Promise<Answer> {
    if (this.#client.status !== 'ready') throw new Error('the broker is away.');
    const late = Promise.withResolvers<never>();
    using timer = setTimeout(() => late.reject(new Error('the broker does not answer.')), this.lockMs);
    timer.unref();
    return await Promise.race([ask(), late.promise]);
  }

  #lock(token: string): string {
    return lockToken(token, this.lockMs);
  }

  /** As often as BullMQ looks for locks that have ended. */
  #lookForOverlong(): void {
    const { prefix, stalledMs } = this.#options;
    this.#looks = setTimeout(async () => {
      for (const [id, { worker }] of this.#ends) {
        if (worker === null) continue;
        // That the broker is away is said by whoever asks it for something.
        await this.#asked(() => cutOverlongLocks(this.#client, `${prefix}:${id}`, stalledMs)).catch(() => {});
      }
      if (!this.#isClosed) this.#lookForOverlong();
    }, stalledMs);
    this.#looks.unref();
  }

  get #registry(): string {
    return `${this.#options.prefix}:batches`;
  }

  #lookKey(id: string): string {
    return `${this.#options.prefix}:looks:${id}`;
  }

  #endsOf(id: string): Ends {
    let ends = this.#ends.get(id);
    if (ends === undefined) {
      const queue = new this.#bullmq.Queue(id, {
        connection: this.#client,
        prefix: this.#options.prefix,
        defaultJobOptions: { removeOnComplete: true, attempts: 1 },
      });
      queue.on('error', (error) => this.#options.complain?.(error.message));
      ends = { queue, worker: null };
      this.#ends.set(id, ends);
    }
    return ends;
  }

  #workerOf(id: string): Worker {
    const ends = this.#endsOf(id);
    if (ends.worker === null) {
      const { prefix, lockMs, stalledMs, complain } = this.#options;
      ends.worker = new this.#bullmq.Worker(id, null, {
        connection: this.#client,
        prefix,
        autorun: false,
        lockDuration: lockMs,
        stalledInterval: stalledMs,
        maxStalledCount: MOST_DEATHS,
        runRetryDelay: RETRY_MS,
      });
      ends.worker.on('error', (error) => complain?.(error.message));
      void ends.worker.startStalledCheckTimer();
      if (this.#looks === null) this.#lookForOverlong();
    }
    return ends.worker;
  }
}

async function close({ queue, worker }: Ends): Promise<void> {
  await worker?.close(true);
  await queue.close();
}

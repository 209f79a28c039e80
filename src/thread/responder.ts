/**
 * What a worker does for the coordinator: the other end of `coordinator.ts`. Owned by the worker's thread,
 * called by its mailbox at safepoints. Invariant: every ask with a ticket gets one answer, and what an answer
 * could not send is back in the shard.
 */

import type { Answer, ToWorker } from '../messages/asks.ts';
import type { Leak } from '../pool/leases.ts';
import type { Shard } from '../pool/shard.ts';
import type { Store } from '../pool/store.ts';

interface ResponderPorts {
  /** @throws when the message cannot be posted; the buffers are then still here */
  post(message: Answer, transfer: ArrayBuffer[]): void;
  cancelled(task: number): void;
  /** The shard has closed: it is empty. */
  closed(leaks: Leak[]): void;
}

export class Responder {
  readonly #shard: Shard;
  readonly #ports: ResponderPorts;

  constructor(shard: Shard, ports: ResponderPorts) {
    this.#shard = shard;
    this.#ports = ports;
  }

  handle(message: ToWorker): void {
    const { idle } = this.#shard;
    switch (message.kind) {
      case 'gift':
        idle.setQuota(message.tier, message.quota);
        idle.attach(message.tier, message.buffers);
        break;
      case 'want': {
        const stores = idle.detach(message.tier, message.count);
        idle.setQuota(message.tier, message.quota);
        this.#surrender(message.ticket, message.tier, stores);
        break;
      }
      case 'trim':
        this.#ports.post({ kind: 'trimmed', ticket: message.ticket, kib: idle.trim(message.kib) }, []);
        break;
      case 'clear':
        this.#ports.post({ kind: 'trimmed', ticket: message.ticket, kib: idle.clear(message.counts) }, []);
        break;
      case 'quota': {
        const kib = idle.setQuota(message.tier, message.quota);
        if (message.ticket > 0) this.#ports.post({ kind: 'quota-set', ticket: message.ticket, kib }, []);
        break;
      }
      case 'cancel':
        this.#ports.cancelled(message.task);
        break;
      case 'close':
        this.#ports.closed(this.#shard.close());
        break;
    }
  }

  /** Where one buffer cannot be transferred, none has left; the answer then has none. */
  #surrender(ticket: number, tier: number, stores: readonly Store[]): void {
    const buffers = stores.map((store) => store.buffer);
    try {
      this.#ports.post({ kind: 'surrender', ticket, tier, buffers }, buffers);
    } catch {
      this.#shard.idle.reattach(stores);
      this.#ports.post({ kind: 'surrender', ticket, tier, buffers: [] }, []);
    }
  }
}

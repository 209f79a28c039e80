import { defineJob, type Lease } from '../../src/worker.ts';

/** A job that does what its input says: one file serves most tests of the runtime. */
type Order =
  | { do: 'echo'; value?: unknown }
  | { do: 'double'; lease: Lease; frames: number }
  | { do: 'produce'; bytes: number; count: number }
  | { do: 'forget'; bytes: number; count: number }
  | { do: 'throw'; name: string; message: string; code?: string }
  | { do: 'throw-nothing'; lease: Lease }
  | { do: 'then'; value: unknown }
  | { do: 'exit' };

export default defineJob((order: Order, { pool }): unknown => {
  switch (order?.do) {
    case 'double': {
      const samples = order.lease.float32;
      for (let frame = 0; frame < order.frames; frame++) samples[frame] *= 2;
      return { lease: order.lease };
    }
    case 'produce': {
      const leases = Array.from({ length: order.count }, () => pool.acquire(order.bytes));
      leases.forEach((lease, at) => {
        lease.bytes.fill(at + 1);
      });
      return leases;
    }
    case 'forget':
      for (let at = 0; at < order.count; at++) pool.acquire(order.bytes);
      return order.count;
    case 'throw': {
      const error = Object.assign(new Error(order.message), order.code !== undefined && { code: order.code });
      error.name = order.name;
      throw error;
    }
    case 'throw-nothing':
      throw Object.create(null);
    case 'then':
      // biome-ignore lint/suspicious/noThenProperty: not every promise is of the language's own kind
      return { then: (resolve: (value: unknown) => void) => resolve(order.value) };
    case 'exit':
      process.exit(7);
      break;
    default:
      return order?.value;
  }
});

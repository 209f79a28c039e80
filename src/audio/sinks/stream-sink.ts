/**
 * What goes away as it is written, as a sink: nothing can be taken back, and of an output that failed a part
 * is there. Owned by one task. Invariant: bytes are passed on in order, each once.
 */
import { MillpondError } from '../../errors.ts';
import type { MadeSink } from './create-sink.ts';

/** Where the bytes go. */
export interface Drain {
  /** What messages call it. */
  readonly name: string;
  /** Waits until all is taken. @throws what ends the task, such as its signal's reason */
  write(bytes: Uint8Array): void;
}

export function createStreamSink({ name, write }: Drain): MadeSink {
  let size = 0;
  const discard = (): void => {};
  return {
    name,
    bytes: { kind: 'stream' },
    size: () => size,
    write(bytes, position) {
      if (position !== size) {
        throw new MillpondError(
          'ERR_OUTPUT_WRITE',
          `A stream is written from its beginning to its end, got ${bytes.length} bytes for ${position} of ${size}. Leave --stream out.`,
        );
      }
      write(bytes);
      size += bytes.length;
    },
    written() {
      throw new Error(`What was written to ${name} has gone`);
    },
    commit: () => size,
    take: () => ({ leases: null, file: null }),
    discard,
    [Symbol.dispose]: discard,
  };
}

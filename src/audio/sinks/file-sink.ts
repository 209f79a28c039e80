/** A file as a sink: written under a hidden name beside its place, and renamed when it is committed. */
import { createOutput } from '../../files/whole-file.ts';
import type { Sink } from './sink.ts';

/** @throws MillpondError `ERR_OUTPUT_WRITE` when the folder is missing, full or not writable */
export function createFileSink(path: string): Sink {
  const output = createOutput(path);
  const discard = () => output.discard();
  return {
    name: path,
    bytes: { kind: 'file', handle: output.handle },
    size: () => output.size(),
    write: (bytes, position) => output.write(bytes, position),
    commit: () => output.commit(),
    discard,
    [Symbol.dispose]: discard,
  };
}

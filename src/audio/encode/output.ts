/**
 * What a muxer writes through: a file that FFmpeg opens itself, or callbacks into memory. Owned by one
 * encoder.
 */
import { AVIO_FLAG_WRITE } from 'node-av/constants';
import { IOContext } from 'node-av/lib';
import { endWriting, writeTo } from '../callback-io.ts';
import type { ByteSink } from '../sinks/sink.ts';
import type { TagBytes } from '../tags/model.ts';
import { piecesOf } from '../tags/write/pieces.ts';

export interface Output {
  readonly io: IOContext;
  /** FFmpeg's answer to opening it. */
  readonly opened: number;
  /** Of the muxer. */
  readonly options: Readonly<Record<string, string>>;
  /** @throws what the sink threw inside of a native call */
  rethrow(): void;
  /** To be called once, when no muxer has it any more. @returns FFmpeg's answer */
  close(): number;
}

export function openOutput(sink: ByteSink): Output {
  if (sink.bytes.kind === 'file') {
    const io = new IOContext();
    // An absolute path after `file:` is taken as it is, whatever characters it holds.
    const opened = io.open2Sync(`file:${sink.bytes.handle}`, AVIO_FLAG_WRITE);
    return {
      io,
      opened,
      options: {},
      rethrow() {},
      close: () => io.closepSync(),
    };
  }
  const io = writeTo(sink);
  return {
    io: io.native,
    opened: 0,
    // Each packet is a call back: for a stream only.
    options: { flush_packets: sink.bytes.kind === 'stream' ? '1' : '0' },
    rethrow: () => io.rethrow(),
    close() {
      io.native.flushSync();
      const { error } = io.native;
      endWriting(io);
      return error;
    },
  };
}

/**
 * Through the buffer that the muxer writes through, too: so a small one costs no write of its own.
 * @param head what stands in front of all that the muxer writes
 * @returns FFmpeg's answer
 */
export function writeHead({ io }: Output, head: TagBytes): number {
  for (const piece of piecesOf(head)) {
    io.writeSync(piece);
    if (io.error < 0) return io.error;
  }
  return 0;
}

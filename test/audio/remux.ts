/** Audio in containers that millpond itself does not write: the packets of a file, copied as they are. */
import { AVFMT_FLAG_BITEXACT, AVIO_FLAG_WRITE } from 'node-av/constants';
import { Dictionary, FFmpegError, FormatContext, IOContext, Packet } from 'node-av/lib';

interface Metadata {
  readonly container?: Readonly<Record<string, string>>;
  readonly stream?: Readonly<Record<string, string>>;
}

/** @param muxer FFmpeg's name of the container */
export function remux(from: string, to: string, muxer: string, tags: Metadata = {}): string {
  const source = new FormatContext();
  const format = new FormatContext();
  const io = new IOContext();
  const packet = new Packet();
  packet.alloc();
  try {
    succeeded(source.openInputSync(from, null, null));
    succeeded(source.findStreamInfoSync(null));
    succeeded(format.allocOutputContext2(null, muxer, null));
    succeeded(io.open2Sync(`file:${to}`, AVIO_FLAG_WRITE));
    format.pb = io;
    format.flags = AVFMT_FLAG_BITEXACT;
    const stream = format.newStream(null);
    const [{ codecpar, timeBase }] = source.streams;
    codecpar.copy(stream.codecpar);
    stream.codecpar.codecTag = 0;
    stream.timeBase = timeBase;
    if (tags.stream !== undefined) stream.metadata = Dictionary.fromObject({ ...tags.stream });
    if (tags.container !== undefined) format.metadata = Dictionary.fromObject({ ...tags.container });
    succeeded(format.writeHeaderSync(null));
    while (source.readFrameSync(packet) >= 0) {
      packet.rescaleTs(timeBase, stream.timeBase);
      succeeded(format.writeFrameSync(packet));
    }
    succeeded(format.writeTrailerSync());
  } finally {
    packet.free();
    source.closeInputSync();
    format.pb = null;
    io.closepSync();
    format.freeContext();
  }
  return to;
}

function succeeded(result: number): void {
  if (result < 0) throw new Error(`FFmpeg says ${FFmpegError.strerror(result)}`);
}

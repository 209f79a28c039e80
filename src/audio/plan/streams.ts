/** What an output lacks that is written as a stream: nobody goes back to its header once the end is known. */
import { MillpondError } from '../../errors.ts';
import type { TargetName } from './targets.ts';

interface StreamedTarget {
  /** For the user; `null` where the stream is the same as a file. */
  readonly lacks: string | null;
  /** FFmpeg writes the length of tags in front of them, once they are written: it goes back so far. */
  readonly mostTagBytes: number | null;
}

/** FFmpeg's buffer, less what there is beside the tags. */
const MOST_TAG_BYTES = 60_000;

/** Those that can be written so. */
const STREAMED: Readonly<Partial<Record<TargetName, StreamedTarget>>> = {
  wav: { lacks: 'its sizes, which are left open', mostTagBytes: MOST_TAG_BYTES },
  flac: { lacks: 'its length and the MD5 of its samples', mostTagBytes: null },
  mp3: {
    lacks: 'its length and what to cut off at both ends (the Info frame), so it decodes to some silence more',
    mostTagBytes: null,
  },
  opus: { lacks: null, mostTagBytes: null },
  ogg: { lacks: null, mostTagBytes: null },
};

/** Formats that can be written as streams. */
export const STREAMED_TARGETS: readonly string[] = Object.keys(STREAMED);

/** What there is to know of its tags. */
interface StreamedTags {
  /** What FFmpeg's muxer writes of them. */
  readonly metadata: Readonly<Record<string, string>>;
  /** What a stream has no place for, in words. */
  readonly streamNotes: readonly string[];
}

/** Whether a stream has the very bytes of a file. */
export function isSameStreamed(to: TargetName): boolean {
  return STREAMED[to]?.lacks === null;
}

/**
 * What the user is told of an output as a stream.
 * @throws MillpondError `ERR_INVALID_ARGUMENT` where it cannot be one, `ERR_AUDIO_UNSUPPORTED` where its tags
 * are too long for that
 */
export function streamNotes(to: TargetName, tags: StreamedTags): string[] {
  const target = STREAMED[to];
  if (target === undefined) {
    throw new MillpondError(
      'ERR_INVALID_ARGUMENT',
      `A stream is one of ${STREAMED_TARGETS.join(', ')}, got ${to}, which is finished at its beginning. Leave --stream out, or choose one of them.`,
    );
  }
  const { lacks, mostTagBytes } = target;
  const tagBytes = Buffer.byteLength(Object.values(tags.metadata).join(''));
  if (mostTagBytes !== null && tagBytes > mostTagBytes) {
    throw new MillpondError(
      'ERR_AUDIO_UNSUPPORTED',
      `The tags of a stream of ${to} have ${mostTagBytes} bytes at most, got ${tagBytes}. Leave --stream out, or choose ogg, opus or flac.`,
    );
  }
  return [...(lacks === null ? [] : [`As a stream ${to} lacks ${lacks}.`]), ...tags.streamNotes];
}

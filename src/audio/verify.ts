/** Whether an output decodes to what was encoded: it is opened and decoded as any audio file is. */
import { isMillpondError, MillpondError } from '../errors.ts';
import { jsonText } from '../text/escaping.ts';
import { createDecoder } from './decode/decoder.ts';
import { type AudioJobContext, decodeBlocks } from './decoded-blocks.ts';
import { SampleDigest } from './digest.ts';
import { TARGETS, type TargetName } from './plan/targets.ts';
import type { Sink } from './sinks/sink.ts';

/** What went into an encoder. */
interface Encoded {
  readonly to: TargetName;
  readonly frames: number;
  /** Hz. */
  readonly sampleRate: number;
  readonly channels: number;
  /** Of an integer sample in a lossless output, else `null`. */
  readonly bits: number | null;
  /** The digest of its samples, where they are compared, too; else `null`. */
  readonly samples: string | null;
}

/** What is looked at: a sink that no encoder has open. */
type Written = Pick<Sink, 'name' | 'written'>;

/**
 * Decodes what came out of an encoder, and compares it with what went in.
 * @throws MillpondError `ERR_OUTPUT_VERIFY`; the signal's reason, and what the pool throws
 */
export function verifyOutput(output: Written, encoded: Encoded, context: AudioJobContext): void {
  const fault = faultOf(output, encoded, context);
  if (fault === null) return;
  throw new MillpondError(
    'ERR_OUTPUT_VERIFY',
    `An output decodes to what was encoded, got ${fault.got} in ${jsonText(output.name)}. Convert it again; where it fails so twice, look at the disk and the memory.`,
    fault.cause === undefined ? {} : { cause: fault.cause },
  );
}

interface Fault {
  readonly got: string;
  readonly cause?: unknown;
}

function faultOf(output: Written, encoded: Encoded, context: AudioJobContext): Fault | null {
  try {
    const got = differenceOf(output, encoded, context);
    return got === null ? null : { got };
  } catch (cause) {
    if (!isMillpondError(cause) || !cause.code.startsWith('ERR_AUDIO_')) throw cause;
    return { got: 'no audio that decodes', cause };
  }
}

function differenceOf(output: Written, encoded: Encoded, context: AudioJobContext): string | null {
  using decoder = createDecoder(output.written(), { maxSeconds: Number.POSITIVE_INFINITY });
  const { sampleRate, channels } = decoder.info;
  const rate = TARGETS[encoded.to].decodedRate ?? encoded.sampleRate;
  if (sampleRate !== rate) return `${sampleRate} Hz for ${rate}`;
  if (channels !== encoded.channels) return `${channels} channels for ${encoded.channels}`;
  const digest = encoded.samples === null ? null : new SampleDigest(encoded.bits);
  const kind = digest === null || encoded.bits === null ? 'f32' : 's32';
  decoder.configure(kind, sampleRate);
  let frames = 0;
  decodeBlocks(decoder, { channels, kind, sampleRate }, context, (block, count) => {
    digest?.addBlock(block, count, channels);
    frames += count;
    return count * channels * 4;
  });
  const expected = (encoded.frames * rate) / encoded.sampleRate;
  if (frames !== expected) return `${frames} frames for ${expected}`;
  if (decoder.damaged) return 'damage';
  return digest === null || digest.end() === encoded.samples ? null : 'other samples';
}

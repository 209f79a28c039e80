/** Whether an output decodes to what was encoded: it is opened and decoded as any audio file is. */
import { isMillpondError, MillpondError } from '../errors.ts';
import { jsonText } from '../text/escaping.ts';
import { createDecoder } from './decode/decoder.ts';
import { type AudioJobContext, decodeBlocks } from './decoded-blocks.ts';
import { SampleDigest } from './digest.ts';
import { TARGETS, type TargetName } from './plan/targets.ts';
import type { Sink } from './sinks/sink.ts';

/** What went into an encoder. */
export interface Encoded {
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

const MARGIN_SECONDS = 1;

/** What is looked at: a sink that no encoder has open. */
type Written = Pick<Sink, 'name' | 'written'>;

/**
 * Decodes what came out of an encoder, and compares it with what went in.
 * @throws MillpondError `ERR_OUTPUT_VERIFY`; the signal's reason, and what the pool throws
 */
export function verifyOutput(output: Written, encoded: Encoded, context: AudioJobContext): void {
  const fault = faultOf(output, encoded, context);
  if (fault === null) return;
  const { got, cause } = fault;
  throw new MillpondError(
    'ERR_OUTPUT_VERIFY',
    `An output decodes to what was encoded, got ${got} in ${jsonText(output.name)}. Convert it again; where it fails so twice, look at the disk and the memory.`,
    cause === undefined ? {} : { cause },
  );
}

interface Fault {
  readonly got: string;
  readonly cause?: unknown;
}

/**
 * What is wrong with an output; `null` where nothing is.
 * @param encoded `null` where that is not known: then it has to decode without damage
 * @throws the signal's reason, and what the pool throws
 */
export function faultOf(output: Written, encoded: Encoded | null, context: AudioJobContext): Fault | null {
  try {
    const got = differenceOf(output, encoded, context);
    return got === null ? null : { got };
  } catch (cause) {
    if (!isMillpondError(cause) || !cause.code.startsWith('ERR_AUDIO_')) throw cause;
    return { got: 'no audio that decodes', cause };
  }
}

function differenceOf(output: Written, encoded: Encoded | null, context: AudioJobContext): string | null {
  const expected = encoded && decodedOf(encoded);
  // What claims to be longer is found to be other without decoding all of it.
  const limits = expected === null ? {} : { maxSeconds: expected.frames / expected.rate + MARGIN_SECONDS };
  using decoder = createDecoder(output.written(), limits);
  const { sampleRate, channels } = decoder.info;
  if (expected !== null && sampleRate !== expected.rate) return `${sampleRate} Hz for ${expected.rate}`;
  if (expected !== null && channels !== expected.channels) {
    return `${channels} channels for ${expected.channels}`;
  }
  const digest = expected === null || expected.samples === null ? null : new SampleDigest(expected.bits);
  const kind = digest === null || expected?.bits === null ? 'f32' : 's32';
  decoder.configure(kind, sampleRate);
  let frames = 0;
  decodeBlocks(decoder, { channels, kind, sampleRate }, context, (block, count) => {
    digest?.addBlock(block, count, channels);
    frames += count;
    return count * channels * 4;
  });
  if (expected !== null && frames !== expected.frames) return `${frames} frames for ${expected.frames}`;
  if (decoder.damaged) return 'damage';
  return digest === null || digest.end() === expected?.samples ? null : 'other samples';
}

/** As a decoder gives it. */
function decodedOf({ to, frames, sampleRate, ...rest }: Encoded) {
  const rate = TARGETS[to].decodedRate ?? sampleRate;
  return { ...rest, rate, frames: (frames * rate) / sampleRate };
}

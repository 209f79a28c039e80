/** Whether a file is still what was made: by its bytes, where their digest is known, else by decoding it. */
import type { AudioJobContext } from './decoded-blocks.ts';
import { digestOf } from './digest.ts';
import { openFileSource } from './sources/file-source.ts';
import { type Encoded, faultOf } from './verify.ts';

export interface VerifyRequest {
  readonly path: string;
  /** Of the bytes that were made, in hex; `null` where that is not known. */
  readonly sha256: string | null;
  /** What went into it; `null` where that is not known. */
  readonly encoded: Encoded | null;
}

export interface VerifyResult {
  /** Of audio that was decoded, or would have been. */
  readonly seconds: number;
  readonly warnings: readonly string[];
  /** What there is instead of what was made, in words; `null` where nothing is wrong. */
  readonly fault: string | null;
}

/** @throws MillpondError `ERR_AUDIO_OPEN` where it cannot be read; the signal's reason, and as the pool */
export function verifyFile({ path, sha256, encoded }: VerifyRequest, context: AudioJobContext): VerifyResult {
  const written = () => openFileSource({ path, name: path });
  const seconds = encoded === null ? 0 : encoded.frames / encoded.sampleRate;
  if (sha256 === null) {
    const fault = faultOf({ name: path, written }, encoded, context)?.got ?? null;
    return { seconds, warnings: [], fault };
  }
  const fault = digestOf(written(), context) === sha256 ? null : 'other bytes of the same number';
  return { seconds, warnings: [], fault };
}

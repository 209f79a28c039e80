/** How much room an output gets: what it can come to by what the body's header says. Pure. */
import type { TranscodeSettings } from '../audio/plan/request.ts';
import { type Bytes, MiB } from '../bytes.ts';
import type { Probed } from './probe/probe.ts';

/** Beside the sound: tags, tables, the ends. */
const MORE: Bytes = MiB;
const CONTAINER_SHARE = 0.1;
/** Of what does not say how long it is: more than any but silence comes to. */
const UNKNOWN_SHARE = 64;
const RATE = 48_000;
/** No encoder of a lossy format makes more. */
const LOSSY_BITS_A_CHANNEL = 512_000;

/** A header may say too little: then the job ends with `ERR_OUTPUT_TOO_LARGE`. */
export function outputBound(settings: TranscodeSettings, probed: Probed, bodyBytes: Bytes): Bytes {
  const { seconds } = probed;
  const least = MORE + bodyBytes;
  if (seconds === null) return least + UNKNOWN_SHARE * bodyBytes;
  const rate = settings.rate ?? probed.rate ?? RATE;
  const channels = settings.channels ?? probed.channels ?? 2;
  const { to } = settings;
  const bytesASecond =
    to === 'wav' || to === 'flac'
      ? (rate * channels * (settings.bits ?? 32)) / 8
      : (LOSSY_BITS_A_CHANNEL * channels) / 8;
  return Math.ceil(least + (seconds + 1) * bytesASecond * (1 + CONTAINER_SHARE));
}

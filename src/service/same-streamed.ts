/** Whether what is sent while it is made has the bytes of the whole, by what the body's header says. Pure. */
import type { TranscodeSettings } from '../audio/plan/request.ts';
import { isSameStreamed as isSameWhateverComes } from '../audio/plan/streams.ts';
import { GiB } from '../bytes.ts';
import type { Probed } from './probe/probe.ts';

/** Of a sample in a WAV, at the most. */
const SAMPLE_BYTES = 4;
/** Beyond 4 GiB it has another header. What is beside the sound has room enough in the rest. */
const MOST_SOUND_BYTES = 3 * GiB;

/**
 * Of WAV, whose sizes are in its header: where the body says to the frame how long it is, as plain samples
 * and FLAC do.
 */
export function isSameStreamed(settings: TranscodeSettings, probed: Probed): boolean {
  const { to, rate, channels } = settings;
  if (to !== 'wav') return isSameWhateverComes(to);
  if (probed.frames === null || probed.rate === null || probed.channels === null) return false;
  const frames = (probed.frames * (rate ?? probed.rate)) / probed.rate;
  return frames * (channels ?? probed.channels) * SAMPLE_BYTES <= MOST_SOUND_BYTES;
}

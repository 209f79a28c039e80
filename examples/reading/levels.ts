/** A job that reads any audio file block by block and writes none. */
import { Block, openDecoder } from 'millpond/audio';
import { defineJob } from 'millpond/worker';

export interface Levels {
  readonly seconds: number;
  /** Decibels below full scale, of the loudest sample and of the mean power of all channels. */
  readonly peak: number;
  readonly rms: number;
}

export default defineJob((file: string, { pool, block: advice, signal }): Levels => {
  using decoder = openDecoder(file);
  const { channels, sampleRate } = decoder.info;
  let peak = 0;
  let power = 0;
  for (;;) {
    signal.throwIfAborted();
    using lease = pool.acquire(advice.frames(channels, sampleRate) * channels * 4);
    const block = new Block(lease, channels);
    const frames = decoder.read(block);
    if (frames === 0) break;
    for (let channel = 0; channel < channels; channel++) {
      for (const sample of block.channel(channel).subarray(0, frames)) {
        peak = Math.max(peak, Math.abs(sample));
        power += sample * sample;
      }
    }
    advice.processed(frames * channels * 4);
  }
  const frames = decoder.decodedFrames;
  const rms = Math.sqrt(power / Math.max(1, frames * channels));
  return { seconds: frames / sampleRate, peak: 20 * Math.log10(peak), rms: 20 * Math.log10(rms) };
});

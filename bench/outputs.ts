/** The judge of a batch: a contender that did less work must not win by it. */
import { strict as assert } from 'node:assert';
import { basename } from 'node:path';
import type { Batch } from './audio-files.ts';
import { type Facts, probe } from './probe.ts';
import { outputOf, type Transcoder } from './transcoders.ts';

const LARGEST_VORBIS_BLOCK = 8192;
/**
 * A LAME tag counts the end padding less this decoder delay and not below 0, so it may say so much too
 * little.
 */
const MP3_DECODER_DELAY = 529;

/**
 * Every output must have the rate, channels and frames of its source, and the depth that was asked for. What
 * MP3 tags cannot say is allowed to all. Some versions of ffmpeg do not trim the end of Vorbis; that is
 * allowed to the peers, and told.
 * @returns notes
 */
export function verify(batch: Batch, inputs: readonly string[], contenders: readonly Transcoder[]): string[] {
  const untrimmed = new Map<string, number>();
  for (const input of inputs) {
    const source = probe(input);
    assert.ok(source !== undefined, `${basename(input)} is not an audio file that the benchmark can judge`);
    const wanted = {
      codec: batch.to,
      rate: source.rate,
      channels: source.channels,
      bits: batch.to === 'flac' ? 16 : undefined,
    };
    const unsaid = batch.to === 'mp3' ? MP3_DECODER_DELAY : 0;
    const untrimmable = source.codec === 'vorbis' ? LARGEST_VORBIS_BLOCK : 0;
    for (const { name, out, exact } of contenders) {
      const claim = `${name} made of ${basename(input)} something else than was asked for`;
      const output: Facts | undefined = probe(outputOf(input, batch, out));
      assert.ok(output !== undefined, claim);
      const { frames, ...format } = output;
      assert.deepEqual(format, wanted, claim);
      const excess: number = frames - source.frames;
      const allowed = unsaid + (exact ? 0 : untrimmable);
      assert.ok(excess >= 0 && excess <= allowed, `${claim}: ${frames} frames of ${source.frames}`);
      if (excess > unsaid) untrimmed.set(name, (untrimmed.get(name) ?? 0) + 1);
    }
  }
  const lapses = Array.from(
    untrimmed,
    ([name, count]) => `But ${name} did not trim the end of ${count} files.`,
  );
  return ['Codec, rate, channels, bits and frames of every output are those of its source.', ...lapses];
}

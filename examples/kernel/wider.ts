/** A job that transcodes through a kernel of your own, which gets every block in order and changes it. */
import { type TranscodeRequest, transcode } from 'millpond/audio';
import { defineJob } from 'millpond/worker';

export default defineJob((request: TranscodeRequest, context) =>
  transcode(request, context, ({ channels }) => (block, frames) => {
    if (channels !== 2) return;
    const [left, right] = [block.channel(0), block.channel(1)];
    for (let i = 0; i < frames; i++) {
      const [middle, side] = [(left[i] + right[i]) / 2, (left[i] - right[i]) * 0.75];
      left[i] = middle + side;
      right[i] = middle - side;
    }
  }),
);

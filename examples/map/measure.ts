/** The job: how loud one audio file is. */
import { analyze } from 'millpond/audio';
import { defineJob } from 'millpond/worker';

export default defineJob((input: string, context) => {
  const { seconds, loudness, levels } = analyze({ input }, context);
  return { seconds, lufs: loudness.integrated, truePeakDb: levels.truePeakDb };
});

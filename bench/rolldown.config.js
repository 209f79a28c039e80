// The batch without the pool, gathered as the package is: both start from few files.
import packaged from '../src/rolldown.config.js';

const entries = ['bench/without-pool', 'bench/jobs/transcode-without-pool'];

export default {
  ...packaged,
  input: Object.fromEntries(entries.map((entry) => [entry, `${entry}.ts`])),
  output: { ...packaged.output, dir: 'bench/.built' },
};

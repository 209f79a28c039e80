// Gathers the sources into few files: opening and linking one module after the other was half of the time to start.
// Chunks lie as deep below dist as what is in them lies below the checkout, so URLs relative to a module hold for both.
const entries = [
  'src/index',
  'src/worker',
  'src/audio/index',
  'src/telemetry/prometheus',
  'src/telemetry/opentelemetry',
  'src/cli/bin',
  'src/cli/main',
  'workers/transcode',
];

export default {
  input: Object.fromEntries(entries.map((entry) => [entry, `${entry}.ts`])),
  platform: 'node',
  external: /^[^./]/,
  output: {
    dir: 'dist',
    format: 'esm',
    entryFileNames: '[name].js',
    chunkFileNames: 'src/chunks/[name]-[hash].js',
  },
};

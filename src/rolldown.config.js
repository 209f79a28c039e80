import { readFileSync } from 'node:fs';
import { bundleAssets } from './report/page/bundle.ts';

// Gathers the sources into few files: opening and linking one module after the other was half of the time to
// start. Chunks lie as deep below dist as what is in them lies below the checkout, so URLs relative to a
// module hold for both. Of the packages only node-av is gathered, too: of its own dependencies nothing is
// needed but the binary of each platform, which is an optional dependency of this package.
const entries = [
  'src/index',
  'src/worker',
  'src/thread/boot',
  'src/audio/index',
  'src/isolation/index',
  'src/isolation/process-main',
  'src/telemetry/prometheus',
  'src/telemetry/opentelemetry',
  'src/cli/bin',
  'src/cli/compile-cache',
  'src/cli/main',
  'workers/analyze',
  'workers/engine',
  'workers/engine-test',
  'workers/stream',
  'workers/transcode',
  'workers/transcode-into',
  'workers/verify',
  'workers/ffmpeg-log',
];

export default {
  input: Object.fromEntries(entries.map((entry) => [entry, `${entry}.ts`])),
  platform: 'node',
  external: /^(?!node-av(?:\/|$))[^./]/,
  plugins: [
    {
      name: 'page',
      async generateBundle() {
        const { script, style } = await bundleAssets();
        this.emitFile({ type: 'asset', fileName: 'src/report/page/page.js', source: script });
        this.emitFile({ type: 'asset', fileName: 'src/report/page/page.css', source: style });
      },
    },
    {
      name: 'licence of what is gathered',
      generateBundle() {
        const source = readFileSync(new URL('../node_modules/node-av/LICENSE.md', import.meta.url), 'utf8');
        this.emitFile({ type: 'asset', fileName: 'LICENSE-node-av.md', source });
      },
    },
  ],
  output: {
    dir: 'dist',
    format: 'esm',
    entryFileNames: '[name].js',
    chunkFileNames: 'src/chunks/[name]-[hash].js',
    // Each file takes half a millisecond to open, in each thread anew: what nearly all of them need is one.
    // Comments would be most of what a thread reads, above all node-av's; the types have them.
    codeSplitting: {
      groups: [
        {
          name: 'shared',
          test: /src.(errors|bytes|version|timers|text|files|machine|messages)/,
          minShareCount: 3,
        },
      ],
    },
    comments: { legal: true, annotation: true, jsdoc: false },
  },
};

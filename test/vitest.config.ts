import { globSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';
import { LongestFirst } from './longest-first.ts';

const root = fileURLToPath(new URL('..', import.meta.url));
const files = (...globs: string[]): string[] => globSync(globs, { cwd: root });
const without = (all: string[], some: string[]): string[] => all.filter((file) => !some.includes(file));

/** Simulated runtimes on any schedule, policies in closed loops, every interleaving: plain computing. */
const computing = files(
  'test/{exhaustive,property,simulation,simulation/{cluster,service}}/*.test.ts',
  'test/stress/recording.test.ts',
);
/**
 * Much of something at once or again and again, batches that are killed, every rate and layout of every
 * codec, runs that are compared by chance, the installed package and its examples, reports in browser and
 * Java.
 */
const slow = without(
  files(
    'test/{stress,package,examples,report/page}/*.test.ts',
    'test/{audio/{bit-rates,layouts,leaks},crash/{crash,faults,odd-files,refused-calls,signals},e2e/escaping,report/{comparison,java}}.test.ts',
    'test/{fuzz,isolation}/*.test.ts',
    'test/cluster/{bullmq-broker,commands,host,kills,looks,stopped}.test.ts',
    'test/audio/tags/{folder,round-trips}.test.ts',
    'test/service/{connections,deaths,described-page,routes,streamed,soak/soak}.test.ts',
    'test/service/attacks/*.test.ts',
    'test/e2e/{copy-others,delete-source,isolation,resume,results,serve*,verify}.test.ts',
  ),
  computing,
);
/** These start no thread and no process, and leave the process that they run in as it was. */
const pure = without(
  files(
    'test/{batch,coordinator,docs,house,messages,pool,regulation,report,text,thread}/*.test.ts',
    'test/service/admission/*.test.ts',
    'test/cluster/{fence,host-policy,page,planner,renewals}.test.ts',
    'test/service/{makings,soak/trend}.test.ts',
    'test/{bytes,budget/layout,budget/ledger,cli/{options,watch-view}}.test.ts',
    'test/crash/disk.test.ts',
    'test/audio/{behind-sound,block-sizes,changes,changing-source}.test.ts',
    'test/audio/{claims,exactness,formats,kernels,lengths,levels}.test.ts',
    'test/audio/{loudness,loudness-tags,many-tags,ogg,outputs,pairs,survey,tags}.test.ts',
    'test/audio/{valid-bits,wav-chunks}.test.ts',
    'test/bench/{dsp,rounds,targets}.test.ts',
    'test/machine/{cgroup-files,cpu-load,load-meter,load-restart,process-memory}.test.ts',
    'test/telemetry/{exposition,health,interval-p99,metrics,opentelemetry,recorder}.test.ts',
    'test/telemetry/{out-of-range,percentile,prometheus,prometheus-registry,rates}.test.ts',
    'test/telemetry/recording/{clock,intervals,recording}.test.ts',
  ),
  [
    'test/docs/recording.test.ts',
    'test/docs/from-piscina.test.ts',
    'test/regulation/threads.test.ts',
    // The test of the engine is a process.
    'test/batch/engine-fingerprint.test.ts',
    // Those that are slow.
    'test/report/java.test.ts',
    'test/report/comparison.test.ts',
    // Another user reads files that may not be read.
    'test/report/read-run.test.ts',
  ],
);
const whole = without(files('test/**/*.test.ts'), [...computing, ...slow, ...pure]);

export default defineConfig({
  root,
  resolve: { conditions: ['millpond-source'] },
  ssr: { resolve: { conditions: ['millpond-source'] } },
  test: {
    pool: 'forks',
    execArgv: ['--expose-gc', '--conditions=millpond-source'],
    globalSetup: ['./test/compile-cache.ts', './test/built.ts'],
    sequence: { sequencer: LongestFirst },
    // Three more than the two cores that this is made for, since many tests wait for seconds.
    maxWorkers: 5,
    // A limit ends what hangs; on a busy machine anything may take many minutes.
    testTimeout: 900_000,
    hookTimeout: 900_000,
    expect: { poll: { timeout: 300_000 } },
    reporters: ['default', './test/reporter.ts'],
    projects: [
      {
        extends: true,
        test: {
          name: 'computing',
          include: computing,
          // Node loads these itself: calls from module to module are quicker so, and there are billions.
          experimental: { viteModuleRunner: false, nodeLoader: false },
        },
      },
      { extends: true, test: { name: 'slow', include: slow } },
      { extends: true, test: { name: 'pure', include: pure, isolate: false } },
      { extends: true, test: { name: 'whole', include: whole } },
    ],
  },
});

import { BaseSequencer, type TestSpecification } from 'vitest/node';

/** What outlasts all else, longest first. Begun last, one of them would run on alone. */
const LONGEST = [
  'simulation/mixed',
  'simulation/deadly',
  'simulation/mutants',
  'simulation/crowded',
  'stress/resident',
  'exhaustive/exhaustive',
  'simulation/tight',
  'stress/recording',
  'stress/interrupt',
  'simulation/churning',
  'stress/stress',
  'package/pack',
  'e2e/transcode',
  'report/page/page',
  'cli/report',
  'cli/report-outputs',
  'e2e/usage',
  'e2e/recording',
  'simulation/policies',
  'machine/cgroup',
  'e2e/watch',
  'e2e/health',
  'e2e/shell',
  'runtime/lifecycle',
  'runtime/memory',
];

/** Starts the longest files first, and then what took longest the last time, or is largest. */
export class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const bySize = await super.sort(files);
    const rank = ({ moduleId }: TestSpecification): number => {
      const at = LONGEST.findIndex((name) => moduleId.endsWith(`/test/${name}.test.ts`));
      return at < 0 ? LONGEST.length : at;
    };
    return bySize.toSorted((a, b) => rank(a) - rank(b));
  }
}

import { BaseSequencer, type TestSpecification } from 'vitest/node';

/** What outlasts all else, longest first. Begun last, one of them would run on alone. */
const LONGEST = [
  'simulation/mixed',
  'simulation/deadly',
  'simulation/mutants',
  'simulation/crowded',
  'exhaustive/exhaustive',
  'simulation/tight',
  'simulation/churning',
  'package/pack',
  'stress/stress',
  'e2e/transcode',
  'runtime/resident',
  'report/page/page',
  'cli/report',
  'e2e/interrupt',
  'report/read-run',
  'regulation/stability',
  'machine/cgroup',
  'e2e/recording',
  'runtime/memory',
  'e2e/health',
  'e2e/watch',
];

/** Starts the longest files first, and of the others the larger ones, whether the tests have run here before or not. */
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

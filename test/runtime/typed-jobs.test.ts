/** What of a runtime with typed jobs compiles, and what must not: `npm run types` holds these. */
import { expectTypeOf, it } from 'vitest';
import { createRuntime, jobFile, type MapFailure, type Mapped, type Runtime } from '../../src/index.ts';
import { defineJob } from '../../src/worker.ts';

interface Doubling {
  default: typeof doubling;
}
interface Counting {
  default: typeof counting;
}
const doubling = defineJob((input: { value: number }) => input.value * 2);
const counting = defineJob(async (_input: string | undefined): Promise<{ count: number }> => ({ count: 1 }));
const address = new URL('../jobs/basic.ts', import.meta.url);

async function several() {
  return createRuntime({
    jobs: { double: jobFile<Doubling>(address), count: jobFile<Counting>(address), plain: address },
  });
}
const one = () => createRuntime({ job: jobFile<Doubling>(address) });
const optional = () => createRuntime({ job: jobFile<Counting>(address) });
const untyped = () => createRuntime({ job: address });
type Of<Start extends () => unknown> = Awaited<ReturnType<Start>>;

it('a runtime of several jobs takes the input of the one that is named, and returns its result', () => {
  const calls = (runtime: Of<typeof several>) => {
    expectTypeOf(runtime.run({ value: 1 }, { job: 'double' })).resolves.toBeNumber();
    expectTypeOf(runtime.run('a', { job: 'count' })).resolves.toEqualTypeOf<{ count: number }>();
    expectTypeOf(runtime.run(1, { job: 'plain' })).resolves.toBeUnknown();
    // @ts-expect-error: of another job
    runtime.run('a', { job: 'double' });
    // @ts-expect-error: no such job
    runtime.run({ value: 1 }, { job: 'triple' });
    // @ts-expect-error: which?
    runtime.run({ value: 1 });
  };
  expectTypeOf(calls).toBeFunction();
});

it('a runtime of one job takes its input, and needs no name', () => {
  const calls = (runtime: Of<typeof one>, other: Of<typeof optional>) => {
    expectTypeOf(runtime.run({ value: 1 })).resolves.toBeNumber();
    expectTypeOf(runtime.run({ value: 1 }, { name: 'a' })).resolves.toBeNumber();
    // @ts-expect-error: a wrong input
    runtime.run({ value: '1' });
    // @ts-expect-error: none
    runtime.run();
    expectTypeOf(other.run()).resolves.toEqualTypeOf<{ count: number }>();
  };
  expectTypeOf(calls).toBeFunction();
});

it('a runtime of a file without types takes anything', () => {
  expectTypeOf<Of<typeof untyped>>().toEqualTypeOf<Runtime>();
  const calls = (runtime: Runtime) => {
    expectTypeOf(runtime.run()).resolves.toBeUnknown();
    expectTypeOf(runtime.run<number>('a')).resolves.toBeNumber();
  };
  expectTypeOf(calls).toBeFunction();
});

/** What a map's loop gets. */
type ItemOf<Results extends AsyncIterable<unknown>> =
  Results extends AsyncIterable<infer Item> ? Item : never;
const itemOf = <Results extends AsyncIterable<unknown>>(_results: Results) => expectTypeOf<ItemOf<Results>>();

it('map takes the inputs of the job that is named, and gives its results', () => {
  const calls = (runtime: Of<typeof several>) => {
    type Doubled = Mapped<{ value: number }, number>;
    const inputs = [{ value: 1 }];
    itemOf(runtime.map(inputs, { job: 'double' })).toEqualTypeOf<Doubled>();
    itemOf(runtime.map(inputs, { job: 'double', errors: 'all' })).toEqualTypeOf<
      Doubled | MapFailure<{ value: number }>
    >();
    itemOf(runtime.map(new Set(['a']), { job: 'count', ordered: true })).toEqualTypeOf<
      Mapped<string | undefined, { count: number }>
    >();
    itemOf(runtime.map([1], { job: 'plain' })).toEqualTypeOf<Mapped<unknown, unknown>>();
    runtime.map(inputs, { job: 'double', each: ({ value }, index) => ({ needBytes: value + index }) });
    // @ts-expect-error: of another job
    runtime.map(['a'], { job: 'double' });
    // @ts-expect-error: no such job
    runtime.map(inputs, { job: 'triple' });
    // @ts-expect-error: which?
    runtime.map(inputs, { ordered: true });
    // @ts-expect-error: not of all tasks
    runtime.map(inputs, { job: 'double', name: 'a' });
    // @ts-expect-error: one signal for all
    runtime.map(inputs, { job: 'double', each: () => ({ signal: AbortSignal.abort() }) });
  };
  expectTypeOf(calls).toBeFunction();
});

it('map of a runtime of one job needs no name', () => {
  const calls = (runtime: Of<typeof one>) => {
    async function* inputs() {
      yield { value: 1 };
    }
    itemOf(runtime.map(inputs())).toEqualTypeOf<Mapped<{ value: number }, number>>();
    itemOf(runtime.map(inputs(), { errors: 'all' })).toEqualTypeOf<
      Mapped<{ value: number }, number> | MapFailure<{ value: number }>
    >();
    // @ts-expect-error: wrong inputs
    runtime.map([{ value: '1' }]);
    // @ts-expect-error: no inputs
    runtime.map({ value: 1 });
  };
  expectTypeOf(calls).toBeFunction();
});

it('map of a file without types takes anything', () => {
  const calls = (runtime: Runtime) => {
    itemOf(runtime.map(['a'])).toEqualTypeOf<Mapped<string, unknown>>();
    itemOf(runtime.map<number, string>(['a'])).toEqualTypeOf<Mapped<string, number>>();
    itemOf(runtime.map(['a'], { errors: 'all' })).toEqualTypeOf<
      Mapped<string, unknown> | MapFailure<string>
    >();
  };
  expectTypeOf(calls).toBeFunction();
});

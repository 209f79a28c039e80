import { describe, expect, it } from 'vitest';
import { errorsOf, startIsolated } from './isolated.ts';

describe('a task that takes its process along', () => {
  it('is named when it did so twice, however, and all beside it are done', async () => {
    const { runner } = await startIsolated('deadly');
    const signals = { 3: 'SIGSEGV', 4: 'SIGFPE', 9: 'SIGABRT' } as Record<number, string>;
    const runs = Array.from({ length: 12 }, (_, at) => {
      const order = at in signals ? { do: 'signal', signal: signals[at] } : { do: 'echo', value: at };
      return runner.run(order, { name: `task ${at}` });
    });
    const errors = await errorsOf(runs);
    expect(Object.keys(errors)).toEqual(Object.keys(signals));
    for (const [at, error] of Object.entries(errors)) {
      expect(error).toMatchObject({ code: 'ERR_NATIVE_CRASH' });
      expect((error as Error).message).toContain(`'task ${at}'`);
      expect((error as Error).message).toContain(signals[Number(at)]);
    }
    expect(await runner.run({ do: 'echo', value: 'goes on' })).toBe('goes on');
  });

  it('is named when it does not stop, twice, and all beside it are done', async () => {
    const { runner } = await startIsolated('deadly', { stopMs: 50 });
    const runs = [
      runner.run({ do: 'spin' }, { name: 'bad', timeoutMs: 100 }),
      ...[1, 2].map((value) => runner.run({ do: 'spin', forMs: 300, value })),
    ];
    const errors = await errorsOf(runs);
    expect(Object.keys(errors)).toEqual(['0']);
    expect(errors[0]).toMatchObject({ code: 'ERR_TASK_STUCK', message: expect.stringContaining('twice') });
  });

  it('is not named where it is killed from outside, and ends where that goes on for ever', async () => {
    const { runner } = await startIsolated('deadly');
    const errors = await errorsOf([
      runner.run({ do: 'signal', signal: 'SIGKILL' }, { name: 'bad' }),
      runner.run({ do: 'echo' }),
    ]);
    expect(Object.keys(errors)).toEqual(['0']);
    expect(errors[0]).toMatchObject({ code: 'ERR_WORKER_LOST', message: expect.stringContaining('SIGKILL') });
  });

  it('is found among many in several processes', async () => {
    const { runner } = await startIsolated('deadly', { processes: 2, threads: 4 });
    const runs = Array.from({ length: 60 }, (_, at) =>
      runner.run(at % 20 === 7 ? { do: 'signal', signal: 'SIGSEGV' } : { do: 'spin', forMs: 5 }, {
        name: `task ${at}`,
      }),
    );
    const errors = await errorsOf(runs);
    expect(Object.keys(errors)).toEqual(['7', '27', '47']);
    for (const error of Object.values(errors)) expect(error).toMatchObject({ code: 'ERR_NATIVE_CRASH' });
  });
});

/**
 * Makes files that are nothing but time: so many at once, the others in turn. A simulated host and a real
 * one that it is compared with have the same.
 */
import { type FileMaker, TooLateToBegin } from '../../../src/cluster/make-file.ts';

interface ThreadsParts {
  readonly threads: number;
  /** How long a file takes here. */
  lastsMs(input: string): number;
  after(ms: number, action: () => void): void;
  /** The clock of the host. */
  nowMs(): number;
  began(input: string): void;
  /** False where it was there. */
  put(input: string): boolean;
  isThere(input: string): boolean;
}

/** Of a machine that has memory, and nothing else to do. */
export function usualLoad(threads: number) {
  const pressure = 'nominal' as const;
  return { threads, pressure, emergency: false, lostThreads: 0, othersShare: 0, stuckMs: 0 };
}

export function fileThreads(parts: ThreadsParts): FileMaker {
  const waiting: { input: string; beginByMs: number; ended: PromiseWithResolvers<boolean> }[] = [];
  let running = 0;

  function next(): void {
    while (running < parts.threads) {
      const file = waiting.shift();
      if (file === undefined) return;
      // As workers/transcode.ts does it.
      if (parts.nowMs() >= file.beginByMs) {
        file.ended.reject(new TooLateToBegin());
        continue;
      }
      running++;
      parts.began(file.input);
      parts.after(parts.lastsMs(file.input), () => {
        file.ended.resolve(parts.put(file.input));
        running--;
        next();
      });
    }
  }

  return {
    async make({ file: { input }, beginByMs }) {
      const ended = Promise.withResolvers<boolean>();
      waiting.push({ input, beginByMs, ended });
      next();
      const isFirst = await ended.promise;
      return { line: { input, state: 'done' }, twice: !isFirst };
    },
    isThere: async ({ input }) => parts.isThere(input as string),
  };
}

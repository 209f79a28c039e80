import type { Module } from './module.ts';

const TIMERS = 'src/timers.ts';
/** The command's process is its own, and so is a page. */
const OTHERS = [TIMERS, 'src/cli/', 'src/report/page/client/'];
const USE =
  /(?<![\w.$#])(?:(?:set|clear)(?:Timeout|Interval|Immediate)|queueMicrotask)\b|\b(?:Date\.now|performance\.now|process\.nextTick)\b/g;

/**
 * Where the sources take a timer or a clock from what a test may have replaced, as `file: name`, and not from
 * `src/timers.ts`.
 */
export function replaceableTimers(modules: readonly Module[]): string[] {
  return modules
    .filter(({ file }) => file.startsWith('src/') && !OTHERS.some((other) => file.startsWith(other)))
    .flatMap((module) => {
      const { file, text, imports, comments } = module;
      const taken = new Set(imports.filter(({ target }) => target === TIMERS).flatMap(({ names }) => names));
      const packages = imports.filter(({ target }) => /^(node:)?timers\b/.test(target));
      const uses = Array.from(text.matchAll(USE)).filter(({ 0: name, index }) => {
        const inside = ({ start, end }: { start: number; end: number }): boolean =>
          start <= index && index < end;
        return !taken.has(name) && ![...comments, ...module.literals()].some(inside);
      });
      return [...packages.map(({ target }) => target), ...uses.map(([name]) => name)].map(
        (name) => `${file}: ${name}`,
      );
    });
}

/**
 * The order of the rooms. A room is a folder of `src/`, or a file at its root. It imports, for types too,
 * only what stands in a step before its own: rooms of one step do not know each other.
 */
import type { Module } from './module.ts';

/** As in ARCHITECTURE.md, which a test compares. */
export const ORDER =
  'version, errors, timers -> bytes -> text -> files -> machine, pool -> budget, messages -> coordinator -> regulation -> ' +
  'telemetry -> thread -> runtime, worker -> audio -> isolation -> batch, report -> cluster -> service -> cli';

/** What users begin with. It may import whatever stands up to the room behind it, and nothing imports it. */
const TOPS: Readonly<Record<string, string>> = { index: 'runtime', workers: 'audio' };

function roomOf(file: string): string {
  const [top, room] = file.split('/');
  return top === 'src' ? room.replace(/\.\w+$/, '') : top;
}

export function stepsOf(order: string): Map<string, number> {
  const steps = order.split('->').map((step) => step.split(',').map((room) => room.trim()));
  return new Map(steps.flatMap((rooms, step) => rooms.map((room) => [room, step] as const)));
}

export function outOfOrder(modules: readonly Module[], order = ORDER, tops = TOPS): string[] {
  const steps = stepsOf(order);
  const files = new Set(modules.map(({ file }) => file));
  const found: string[] = [];
  for (const { file, imports } of modules) {
    const room = roomOf(file);
    // Tests and benchmarks stand outside the house: they look at all of it, and nothing in it knows them.
    // Examples see what users see.
    if (room === 'test' || room === 'bench' || room === 'examples') continue;
    // A configuration of a tool at the root of `src/` is no room.
    if (/\.config\.\w+$/.test(file)) continue;
    const step = steps.get(tops[room] ?? room);
    if (step === undefined) {
      found.push(`${file}: the order has no room '${room}'`);
      continue;
    }
    for (const { target } of imports) {
      if (!files.has(target)) continue;
      const other = roomOf(target);
      if (other === room) continue;
      const behind = steps.get(other);
      if (behind === undefined || (room in tops ? behind > step : behind >= step)) {
        found.push(`${file} (${room}) imports ${target} (${other})`);
      }
    }
  }
  return found;
}

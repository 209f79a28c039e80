import type { Module } from './module.ts';

/**
 * Files that import each other around a circle, for types too: each list is one knot, in the order of the
 * names.
 */
export function circles(modules: readonly Module[]): string[][] {
  const edges = new Map(modules.map(({ file, imports }) => [file, imports.map(({ target }) => target)]));
  const order = new Map<string, number>();
  const open: string[] = [];
  const found: string[][] = [];

  // Tarjan's strongly connected components: what can reach itself by way of others comes off the stack
  // together.
  const visit = (file: string): number => {
    const number = order.size;
    order.set(file, number);
    let low = number;
    open.push(file);
    for (const target of edges.get(file) ?? []) {
      if (!edges.has(target)) continue;
      if (!order.has(target)) low = Math.min(low, visit(target));
      else if (open.includes(target)) low = Math.min(low, order.get(target) ?? low);
    }
    if (low === number) {
      const knot = open.splice(open.indexOf(file));
      if (knot.length > 1 || edges.get(file)?.includes(file)) found.push(knot.sort());
    }
    return low;
  };
  for (const file of edges.keys()) if (!order.has(file)) visit(file);
  return found;
}

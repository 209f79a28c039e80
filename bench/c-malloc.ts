/**
 * C's malloc and free of the same sizes, for scale: compiled where there is a compiler, into a folder of its
 * own.
 */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Peer } from './peers.ts';

export interface CMalloc extends Disposable {
  measure(bytes: number, iterations: number): { nanoseconds: number; sum: number };
}

export function compileMalloc(compiler: Peer): CMalloc {
  const folder = mkdtempSync(join(tmpdir(), 'millpond-bench-'));
  const program = join(folder, 'malloc');
  const source = fileURLToPath(new URL('./native/malloc.c', import.meta.url));
  execFileSync(compiler.program, ['-O2', '-o', program, source], { stdio: ['ignore', 2, 2] });
  return {
    measure: (bytes, iterations) =>
      JSON.parse(execFileSync(program, [String(bytes), String(iterations)], { encoding: 'utf8' })),
    [Symbol.dispose]: () => rmSync(folder, { recursive: true, force: true }),
  };
}

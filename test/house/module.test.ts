import { describe, expect, it } from 'vitest';
import { type Module, parseModule } from './module.ts';

const SELF = new Map([['made/worker', 'src/worker.ts']]);

describe('a module', () => {
  const of = (text: string) => parseModule('src/room/file.ts', text, SELF);

  it.each<[string, Module['imports']]>([
    ["import { a, b as c } from './x.ts';", [{ target: 'src/room/x.ts', loads: 'now', names: ['a', 'b'] }]],
    ["import d from '../x.ts';", [{ target: 'src/x.ts', loads: 'now', names: ['default'] }]],
    ["import './x.ts';", [{ target: 'src/room/x.ts', loads: 'now', names: [] }]],
    ["import type { T } from './x.ts';", [{ target: 'src/room/x.ts', loads: 'never', names: ['T'] }]],
    // Node erases the type and loads the module.
    ["import { type T } from './x.ts';", [{ target: 'src/room/x.ts', loads: 'now', names: ['T'] }]],
    ["import { job } from 'made/worker';", [{ target: 'src/worker.ts', loads: 'now', names: ['job'] }]],
    ["import { open } from 'node-av/lib';", [{ target: 'node-av/lib', loads: 'now', names: ['open'] }]],
    ["import * as x from './x.ts'; x.a();", [{ target: 'src/room/x.ts', loads: 'now', names: ['a'] }]],
    [
      "const { a, b: c } = await import('./x.ts');",
      [{ target: 'src/room/x.ts', loads: 'later', names: ['a', 'b'] }],
    ],
    ["(await import('./x.ts')).a();", [{ target: 'src/room/x.ts', loads: 'later', names: ['a'] }]],
    [
      "import(name.endsWith('.js') ? './x.js' : './x.ts');",
      [
        { target: 'src/room/x.js', loads: 'later', names: ['endsWith'] },
        { target: 'src/room/x.ts', loads: 'later', names: ['endsWith'] },
      ],
    ],
    [
      "import(new URL('./x.ts', import.meta.url).href);",
      [{ target: 'src/room/x.ts', loads: 'later', names: ['href', 'url'] }],
    ],
    ["let t: import('./x.ts').T;", [{ target: 'src/room/x.ts', loads: 'never', names: ['T'] }]],
    ["let t: typeof import('./x.ts');", [{ target: 'src/room/x.ts', loads: 'never', names: ['*'] }]],
    ["require('node-av');", [{ target: 'node-av', loads: 'later', names: ['*'] }]],
    ["export { a as b } from './x.ts';", [{ target: 'src/room/x.ts', loads: 'now', names: ['a'] }]],
    ["export type { T } from './x.ts';", [{ target: 'src/room/x.ts', loads: 'never', names: ['T'] }]],
    ["export * from './x.ts';", [{ target: 'src/room/x.ts', loads: 'now', names: ['*'] }]],
    ['`import(\'./x.ts\')`; // import "./x.ts"', []],
  ])('imports by %s', (text, imports) => {
    expect(of(text).imports).toEqual(imports);
  });

  it.each<[string, readonly string[]]>([
    ['export const a = 1, b = 2;', ['a', 'b']],
    ['export const { c, d: [e] } = x;', ['c', 'e']],
    ['export async function f() {}', ['f']],
    ['export class G {}', ['G']],
    ['export interface H {}', ['H']],
    ['export type I = 1;', ['I']],
    ['export default 1;', ['default']],
    ['const j = 1; export { j, j as k };', ['j', 'k']],
    ["export { l as m } from './x.ts';", ['m']],
    ["export type { N } from './x.ts';", ['N']],
    ["export * from './x.ts';", ['*']],
    ['const o = 1; type P = 1; export {};', []],
  ])('exports by %s', (text, exports) => {
    expect(of(text).exports).toEqual(exports);
  });

  it.each<[string, readonly string[]]>([
    ["new URL('./x.ts', import.meta.url)", ['src/room/x.ts']],
    ["new URL('x.ts', import.meta.url).href", ['src/room/x.ts']],
    // biome-ignore lint/suspicious/noTemplateCurlyInString: a template in the source of the module
    ['new URL(`../jobs/${job}.ts`, import.meta.url)', ['src/jobs/*.ts']],
    ["new URL('https://x.org')", []],
    ["import(new URL('./x.ts', import.meta.url).href)", []],
  ])('names a file by %s', (text, addresses) => {
    expect(of(text).addresses).toEqual(addresses);
  });

  it('that is no TypeScript is an error', () => {
    expect(() => of('export const = 1;')).toThrow('src/room/file.ts');
  });
});

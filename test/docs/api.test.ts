import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { Block } from '../../src/audio/block.ts';
import { Lease } from '../../src/pool/lease.ts';
import { resolveRuntimeOptions } from '../../src/runtime/options.ts';
import { entriesOf } from '../house/tree.ts';
import { dirtyShard } from '../stand.ts';
import { apiPage } from './api.ts';

const entries = entriesOf(JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')));
const page = apiPage(entries);

const section = (name: string): string =>
  page.split(/^##+ /m).find((part) => part.startsWith(`${name}\n`)) ?? '';
/** The first words of a section's rows. */
const membersIn = (name: string): string[] =>
  Array.from(section(name).matchAll(/^\| `([\w.[\]]+)/gm), ([, member]) => member);

describe('the page of the API', () => {
  it('is what the types and their comments say: `npm test -- docs/api -u` writes it anew', async () => {
    await expect(page).toMatchFileSnapshot('../../docs/api.md');
  });

  it.each([...entries.keys()])('has all that %s exports when it is loaded', async (entry) => {
    const names = Object.keys(await import(/* @vite-ignore */ entry));
    expect(names.length).toBeGreaterThan(0);
    expect(names.filter((name) => section(name) === '')).toEqual([]);
  });

  it('has every option that createRuntime knows', () => {
    const refused = (): unknown => resolveRuntimeOptions({ job: '/job.ts', unheardOf: 1 } as never);
    const [, list] = /has the options (.*); got/.exec(errorOf(refused)) ?? [];
    const options = list.split(/, | and /);
    expect(options.length).toBeGreaterThan(15);
    const told = ['RuntimeOptions', 'QueueOptions', 'ThreadOptions'].flatMap(membersIn);
    expect(told.sort()).toEqual(options.sort());
  });

  it('has every method and view of a lease, of a block and of a pool', () => {
    const methods = (prototype: object): string[] =>
      Object.getOwnPropertyNames(prototype).filter((name) => name !== 'constructor' && name !== 'live');
    expect(membersIn('Lease')).toEqual(expect.arrayContaining([...methods(Lease.prototype), 'length']));
    expect(membersIn('Block')).toEqual(expect.arrayContaining(methods(Block.prototype)));
    const pool = dirtyShard() as unknown as Record<string, unknown>;
    expect(membersIn('Pool').filter((name) => !(name in pool))).toEqual([]);
  });

  it('says of every option and every method what it does', () => {
    const names = Array.from(page.matchAll(/^### (\w+)$/gm), ([, name]) => name);
    const silent = names.flatMap((name) => {
      const rows = Array.from(section(name).matchAll(/^\| `(.+?)` \| (.*) \|$/gm));
      const options = /(?:Options|Request|Limits|Context|Advice)$/.test(name);
      return rows
        .filter(([, code, words]) => words === '' && (options || /^[^:]*\(/.test(code)))
        .map(([, code]) => `${name}: ${code}`);
    });
    expect(silent).toEqual([]);
  });

  it('leads from every link to what is there', () => {
    const anchors = new Set(Array.from(page.matchAll(/^### (\w+)$/gm), ([, name]) => name.toLowerCase()));
    const links = Array.from(page.matchAll(/\(#(\w+)\)/g), ([, name]) => name);
    expect(links.length).toBeGreaterThan(70);
    expect(links.filter((link) => !anchors.has(link))).toEqual([]);
  });
});

function errorOf(action: () => unknown): string {
  try {
    return String(action());
  } catch (error) {
    return (error as Error).message;
  }
}

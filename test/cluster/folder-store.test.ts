import { appendFileSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import { FolderStore } from '../../src/cluster/folder-store.ts';
import type { PageRef } from '../../src/cluster/page.ts';
import type { PageResult, PageSummary } from '../../src/cluster/store.ts';
import { fileNamed, list, RECORD } from './stand.ts';

const scratch = mkdtempSync(join(tmpdir(), 'millpond-store-'));
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

const PAGE: PageRef = { round: 0, page: 1 };
let folder = '';
let store: FolderStore;
const root = (): string => join(folder, '.millpond/cluster', RECORD.id);
beforeEach(async () => {
  folder = mkdtempSync(join(scratch, 'one-'));
  store = new FolderStore(folder, RECORD.id);
  await store.create(RECORD);
});

function resultOf(host: string): PageResult {
  const summary: PageSummary = {
    ...{ schema: 'millpond.page/1', page: 'r0-0000001', host, engine: 'e', ok: 1, failed: 0, skipped: 0 },
    ...{ audioSeconds: 1, estimatedSeconds: 1, twice: 0, deaths: 0, startedMs: 0, endedMs: 1 },
  };
  return { summary, lines: [{ input: '/in/a', state: 'done' }] };
}

describe('a batch in a folder', () => {
  it('is what was submitted first', async () => {
    expect(await store.create({ ...RECORD, weight: 5 })).toBe(false);
    expect(await store.record()).toEqual(RECORD);
  });

  it('says whether it can be written to, and leaves nothing of that', async () => {
    await store.probe();
    expect(readdirSync(join(root(), 'work'))).toEqual([]);
    rmSync(join(root(), 'work'), { recursive: true });
    await expect(store.probe()).rejects.toThrow(/ENOENT/);
  });

  it('names what is damaged, and what to do then', async () => {
    await list(store, [1, 1]);
    await store.putResult(PAGE, resultOf('a'));
    const damaged: readonly [name: string, read: (again: FolderStore) => Promise<unknown>, remedy: RegExp][] =
      [
        ['results/r0-0000/r0-0000001.ndjson', (again) => again.summary(PAGE), /'millpond cluster repair'/],
        ['results/r0-0000/r0-0000001.ndjson', (again) => again.result(PAGE), /'millpond cluster repair'/],
        ['list-0.json', (again) => again.totals(0), /submit it again/],
        ['batch.json', (again) => again.record(), /submit it again/],
      ];
    for (const [name, read, remedy] of damaged) {
      writeFileSync(join(root(), name), '{"a":');
      const failed = read(new FolderStore(folder, RECORD.id));
      await expect(failed).rejects.toMatchObject({ code: 'ERR_JOURNAL_INVALID' });
      await expect(failed).rejects.toThrow(remedy);
      await expect(failed).rejects.toThrow(join(root(), name));
    }
  });

  it('has the results of the halves alone where a page was split, whoever ends the whole one later', async () => {
    await list(store, [1, 1]);
    await store.split(PAGE);
    await store.putResult({ ...PAGE, part: { from: 0, to: 1 } }, resultOf('other'));
    await store.putResult(PAGE, resultOf('stopped for a while'));
    const results = (await Array.fromAsync(store.results())).flat();
    expect(results.map(({ ref, isSplit }) => [ref.part?.to, isSplit])).toEqual([
      [1, false],
      [undefined, true],
    ]);
  });

  it('has the list that was whole first, of all that are made at once, and only its files', async () => {
    const sizes = [[1], [2, 3], [4, 5, 6]];
    const totals = await Promise.all(sizes.map((some) => list(new FolderStore(folder, RECORD.id), some)));
    expect(new Set(totals.map(({ files }) => files)).size).toBe(1);
    expect(readdirSync(root()).filter((name) => /^(list|index|refused)-/.test(name))).toHaveLength(3);
    expect(await new FolderStore(folder, RECORD.id).totals(0)).toEqual(totals[0]);
  });

  it('leaves nothing of a list that could not be made', async () => {
    const broken = store.writeList(0, async (out) => {
      await out.page([fileNamed('a')], 1);
      throw new Error('no more');
    });
    await expect(broken).rejects.toThrow('no more');
    expect(readdirSync(root()).filter((name) => /^(list|index|refused)-/.test(name))).toEqual([]);
    expect(await store.totals(0)).toBeNull();
  });

  it('finds each page, and its files, without reading those before', async () => {
    const sizes = Array.from({ length: 2500 }, (_, page) => 1 + (page % 4));
    await list(store, sizes);
    const entries = [];
    for await (const some of store.pages(0)) entries.push(...some);
    expect(entries.map(({ files }) => files)).toEqual(sizes);
    for (const page of [0, 1, 999, 1000, 2499]) {
      const files = await store.files({ round: 0, page });
      expect(files).toEqual(Array.from({ length: sizes[page] }, (_, at) => fileNamed(`${page}/${at}`)));
    }
  });

  it('keeps the results that came first, and what was left of the page goes', async () => {
    const attempt = await store.begin(PAGE, 'one');
    await attempt.ended({ at: 0, line: {} });
    expect(await store.putResult(PAGE, resultOf('first'))).toBe(true);
    expect(await store.putResult(PAGE, resultOf('second'))).toBe(false);
    expect(await store.result(PAGE)).toEqual(resultOf('first'));
    expect(await store.summary(PAGE)).toEqual(resultOf('first').summary);
    expect(readdirSync(join(root(), 'work'))).toEqual([]);
    // Who was at it, too, ends as if nothing had been.
    await attempt.ended({ at: 1, line: {} });
    await attempt.gaveBack();
    expect(readdirSync(join(root(), 'work'))).toEqual([]);
  });

  it('shows pages that have results, whole and split', async () => {
    const part: PageRef = { round: 1, page: 4000, part: { from: 2, to: 5 } };
    await store.putResult(part, resultOf('one'));
    await store.split(PAGE);
    const found = [];
    for await (const some of store.results()) found.push(...some);
    expect(found).toEqual([
      { ref: PAGE, isSplit: true },
      { ref: part, isSplit: false },
    ]);
    expect([await store.hasResult(PAGE), await store.hasResult(part)]).toEqual([true, true]);
    expect(await store.hasResult({ ...part, page: 1 })).toBe(false);
  });
});

describe('what a host leaves of a page', () => {
  it('is known to the next one, without a line that was cut off', async () => {
    const first = await store.begin(PAGE, 'first:0');
    await Promise.all([3, 1, 2].map((at) => first.ended({ at, line: { input: `${at}` } })));
    appendFileSync(join(root(), 'work/r0-0000001/first_0.ndjson'), '[4,{"input":"4');
    const next = await store.begin(PAGE, 'next:0');
    expect([...next.known.keys()].sort()).toEqual([1, 2, 3]);
    expect(next.known.get(2)).toEqual({ at: 2, line: { input: '2' } });
    expect(next.deaths).toBe(1);
  });

  it('is no death where it was given back', async () => {
    const first = await store.begin(PAGE, 'first');
    await first.ended({ at: 0, line: {} });
    await first.gaveBack();
    const next = await store.begin(PAGE, 'next');
    expect([next.deaths, next.known.size]).toEqual([0, 1]);
  });
});

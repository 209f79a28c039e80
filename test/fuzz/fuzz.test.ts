/**
 * Some hostile files of each kind, from seeds that are known to pass: what is found by chance belongs to
 * `npm run fuzz`, which draws another seed each time, and becomes one of the findings here.
 */
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Campaign, hostileFile } from './campaign.ts';
import { Counts } from './counts.ts';
import { minimised } from './minimise.ts';
import { type Honest, keptFiles, madeFiles } from './seeds.ts';
import { strayCalls, whyUntraced } from './trace.ts';

const SEED = 1;
const FILES = 100;
const CHECKOUT = new URL('../../', import.meta.url).pathname;
const FINDINGS = new URL('findings/', import.meta.url);
const findings = readdirSync(FINDINGS).filter((name) => name.endsWith('.bin'));

let scratch = '';
let honest: Honest[] = [];
const campaign = new Campaign();

beforeAll(() => {
  scratch = mkdtempSync(join(tmpdir(), 'millpond-fuzz-test-'));
  honest = [...madeFiles(scratch), ...keptFiles()];
});
afterAll(async () => {
  rmSync(scratch, { recursive: true });
  expect(await campaign.close()).toEqual([]);
});

describe('a hostile file', () => {
  test(`ends in a good file or a typed error, within its time and memory: ${FILES} of seed ${SEED}`, async () => {
    const counts = new Counts();
    for (let number = 0; number < FILES; number++) {
      const hostile = hostileFile(honest, SEED, number);
      const verdict = await campaign.try(hostile);
      counts.add(hostile, verdict);
      expect(verdict.broken, `file ${number} of seed ${SEED}: ${hostile.honest}, ${hostile.done}`).toEqual(
        [],
      );
    }
    console.log(counts.text());
  });

  test.each(findings)('that was found ends well: %s', async (name) => {
    const bytes = readFileSync(new URL(name, FINDINGS));
    const { settings } = JSON.parse(readFileSync(new URL(name.replace('.bin', '.json'), FINDINGS), 'utf8'));
    expect((await campaign.try({ bytes, settings })).broken).toEqual([]);
  });

  const untraced = whyUntraced();
  test.skipIf(untraced !== null)(
    `opens nothing but its own bytes${untraced ? `, not tried: ${untraced}` : ''}`,
    async () => {
      const trace = join(scratch, 'trace');
      const traced = new Campaign({ trace });
      const allowed = {
        own: [traced.path, traced.outputs, tmpdir()],
        code: [CHECKOUT, '/tmp/node-compile-cache'],
      };
      // One of each kind, with what names others: a second look at it would open them.
      const kinds = [...new Set(honest.map(({ name }) => name))];
      for (const [number, kind] of kinds.entries()) {
        const only = honest.filter(({ name }) => name === kind);
        const verdict = await traced.try(hostileFile(only, SEED, number), `/fuzz/${number}`);
        expect(verdict.broken, kind).toEqual([]);
      }
      expect(await traced.close()).toEqual([]);
      for (const [number, kind] of kinds.entries()) {
        expect(strayCalls(trace, `/fuzz/${number}`, allowed), kind).toEqual([]);
      }
    },
  );
});

describe('the fuzzer', () => {
  test('makes of one seed the same files again', () => {
    for (let number = 0; number < 50; number++) {
      const [one, again] = [0, 1].map(() => hostileFile(honest, SEED, number));
      expect(again.bytes.equals(one.bytes)).toBe(true);
      expect(again.settings).toEqual(one.settings);
    }
  });

  test('makes a file smaller as long as it shows the fault', async () => {
    const bytes = Buffer.from(`${'x'.repeat(3000)}bad${'y'.repeat(5000)}`);
    const small = await minimised(bytes, async (less) => less.includes('bad'));
    expect(small.toString()).toBe('bad');
  });
});

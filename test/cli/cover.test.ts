/** Pictures as the command and the service are told of them. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { contentAddress } from '../../src/batch/content-address.ts';
import { coverOf } from '../../src/cli/cover.ts';
import { settingsOf } from '../../src/service/schemas.ts';
import { refusal } from '../audio/refusal.ts';
import { jpeg, png } from '../audio/tags/pictures.ts';

const folder = mkdtempSync(join(tmpdir(), 'millpond-cover-'));
afterAll(() => rmSync(folder, { recursive: true }));
const at = (name: string): string => join(folder, name);

it('asks for nothing where pictures are kept', () => {
  for (const options of [{}, { cover: 'keep' }]) {
    expect(coverOf(options)).toEqual({ settings: {}, text: null, bytes: null });
  }
});

it('is a word, or what is in a file, whatever that is called', () => {
  expect(coverOf({ cover: 'none' })).toEqual({ settings: { cover: 'none' }, text: 'none', bytes: null });
  expect(coverOf({ cover: 'folder', coverSize: 600 })).toEqual({
    settings: { cover: 'folder', coverSize: 600 },
    text: 'folder',
    bytes: null,
  });
  for (const name of ['one.jpg', 'other.jpg']) writeFileSync(at(name), jpeg());
  writeFileSync(at('third.png'), png());
  const [one, other, third] = ['one.jpg', 'other.jpg', 'third.png'].map((cover) =>
    coverOf({ cover: at(cover) }),
  );
  expect(one.settings).toEqual({ cover: { path: at('one.jpg') } });
  expect(one.text).toMatch(/^sha256 [0-9a-f]{64}$/);
  expect(one.bytes).toEqual(jpeg());
  expect(other.text).toBe(one.text);
  expect(third.text).not.toBe(one.text);
});

it('is refused beforehand where it is no picture', () => {
  writeFileSync(at('text'), 'no picture');
  for (const cover of [at('text'), at('missing'), folder]) {
    expect(() => coverOf({ cover })).toThrow(refusal('ERR_INVALID_ARGUMENT', /^--cover /));
  }
});

it('of a request to the service makes another address, unless it is what is done anyway', () => {
  const query = { to: 'mp3', delivery: 'whole' } as const;
  const addresses = [
    {},
    { cover: 'keep' },
    { cover: 'none' },
    { 'cover-size': 600 },
    { 'cover-size': 300 },
  ].map((asked) =>
    contentAddress({
      source: 'a'.repeat(64),
      engine: 'e',
      settings: settingsOf({ ...query, ...asked } as Parameters<typeof settingsOf>[0]),
    }),
  );
  expect(addresses[1]).toBe(addresses[0]);
  expect(new Set(addresses).size).toBe(4);
});

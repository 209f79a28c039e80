import { createHash } from 'node:crypto';
import { expect, it } from 'vitest';
import { contentAddress } from '../../src/batch/content-address.ts';

const source = 'a'.repeat(64);
const engine = 'e'.repeat(64);
const address = (settings: object, more = {}) => contentAddress({ source, settings, engine, ...more });

it('is the digest of source, settings and engine, and stays so from version to version', () => {
  const text = `["millpond.address/1","${source}","{\\"bitrate\\":64000,\\"to\\":\\"mp3\\"}","${engine}"]`;
  expect(address({ to: 'mp3', bitrate: 64_000 })).toBe(createHash('sha256').update(text).digest('hex'));
});

it('is the same for the same settings, however they are written', () => {
  const same = [
    { to: 'mp3', bitrate: 64_000 },
    { bitrate: 64_000, to: 'mp3' },
    { bitrate: 64_000, to: 'mp3', gainDb: 0, rate: undefined, fadeInSeconds: 0 },
  ];
  expect(new Set(same.map((settings) => address(settings))).size).toBe(1);
});

it('is another one where anything differs', () => {
  const all = [
    address({ to: 'mp3' }),
    address({ to: 'flac' }),
    address({ to: 'mp3', bitrate: 64_000 }),
    address({ to: 'mp3', gainDb: 64_000 }),
    address({ to: 'mp3' }, { source: engine }),
    address({ to: 'mp3' }, { engine: source }),
  ];
  expect(new Set(all).size).toBe(all.length);
});

import { readFileSync, writeFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { openDecoder } from '../../src/audio/open-decoder.ts';
import { dirtyShard } from '../stand.ts';
import { readAll, scratch } from './audio-files.ts';
import { refusal } from './refusal.ts';

const at = scratch();
const asf = readFileSync(new URL('fixtures/tone.wma', import.meta.url));

/** With an object in front of all others, which would lie inside of it where it claims more than its head. */
function withObject(claimed: bigint): Buffer {
  const object = Buffer.alloc(24, 1);
  object.writeBigUInt64LE(claimed, 16);
  return Buffer.concat([asf.subarray(0, 30), object, asf.subarray(30)]);
}

function framesOf(bytes: Buffer): number {
  writeFileSync(at('tone.wma'), bytes);
  return readAll(at('tone.wma')).frames;
}

test.each([
  2n ** 30n,
  2n ** 52n,
  2n ** 62n,
])('an object in front of the sound that claims %d bytes refuses an ASF, in memory too', (claimed) => {
  const bytes = withObject(claimed);
  const refused = refusal('ERR_AUDIO_OPEN', `an object claims ${Number(claimed)} bytes`);
  expect(() => framesOf(bytes)).toThrow(refused);
  using lease = dirtyShard().acquire(bytes.length);
  lease.bytes.set(bytes);
  expect(() => openDecoder({ leases: [lease], bytes: bytes.length })).toThrow(refused);
});

test('one that ends inside of the file is passed over', () => {
  expect(framesOf(withObject(24n))).toBe(framesOf(asf));
});

import { readFileSync, writeFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { convert, readAll, scratch } from './audio-files.ts';
import { id3, title } from './tags.ts';
import { chunk, noise, wav } from './wav.ts';

const at = scratch();
const other = chunk('smed', Buffer.from('odd'));
const plain = () => wav([noise(1001, 16, 1)], { behind: [other] });

test('chunks are found behind a tag in front of the file', () => {
  writeFileSync(at('tagged.wav'), Buffer.concat([id3([title('In front')]), plain()]));
  convert(at('tagged.wav'), at('out.wav'), 'wav');
  expect(readFileSync(at('out.wav')).includes(other)).toBe(true);
});

test('chunks are found behind sound whose size has 64 bits', () => {
  const file = plain();
  const data = file.indexOf('data') + 4;
  const sizes = Buffer.alloc(28);
  sizes.writeBigUInt64LE(BigInt(file.length + 28), 0);
  sizes.writeBigUInt64LE(BigInt(file.readUInt32LE(data)), 8);
  file.write('RF64');
  for (const size of [4, data]) file.writeUInt32LE(0xffff_ffff, size);
  const large = Buffer.concat([file.subarray(0, 12), chunk('ds64', sizes), file.subarray(12)]);
  writeFileSync(at('large.wav'), large);
  convert(at('large.wav'), at('small.wav'), 'wav');
  expect(readFileSync(at('small.wav')).includes(other)).toBe(true);
  expect(readAll(at('small.wav')).frames).toBe(1001);
});

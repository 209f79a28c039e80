import { readFileSync, writeFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { readAll, scratch } from './audio-files.ts';

const at = scratch();
const TRACKS = Buffer.from('1654ae6b', 'hex');
const TRACK = 0xae;

/** A Matroska with its track again and again. Its segment and its list of tracks have sizes of 8 bytes then. */
function withTracks(count: number): Buffer {
  const mka = readFileSync(new URL('fixtures/tone.mka', import.meta.url));
  const tracks = mka.indexOf(TRACKS);
  const { value: bytes, length } = sizeAt(mka, tracks + TRACKS.length);
  const list = tracks + TRACKS.length + length;
  const track = mka.indexOf(TRACK, list);
  const entry = mka.subarray(track, list + bytes);
  const all = Buffer.concat(Array.from({ length: count }, () => entry));
  // An unknown size: it ends where the file does.
  const segment = mka.indexOf(Buffer.from('18538067', 'hex')) + 4;
  const open = Buffer.concat([mka.subarray(0, segment), Buffer.from('01ffffffffffffff', 'hex')]);
  const before = mka.subarray(segment + sizeAt(mka, segment).length, tracks);
  return Buffer.concat([open, before, TRACKS, sized(all.length), all, mka.subarray(list + bytes)]);
}

function sizeAt(bytes: Buffer, position: number): { value: number; length: number } {
  const length = Math.clz32(bytes[position]) - 23;
  let value = bytes[position] & (0xff >> length);
  for (let i = 1; i < length; i++) value = value * 256 + bytes[position + i];
  return { value, length };
}

function sized(value: number): Buffer {
  const size = Buffer.alloc(8);
  size.writeBigUInt64BE(BigInt(value));
  size[0] = 0x01;
  return size;
}

it('of a file with hundreds of tracks FFmpeg looks at some, which bounds its memory', () => {
  writeFileSync(at('many.mka'), withTracks(300));
  const { warnings, frames } = readAll(at('many.mka'));
  expect(frames).toBeGreaterThan(0);
  expect(warnings.join()).toMatch(/one of \d{3};/);
  expect(Number(/one of (\d+);/.exec(warnings.join())?.[1])).toBeLessThanOrEqual(200);
});

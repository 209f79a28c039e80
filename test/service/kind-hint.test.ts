import { expect, it } from 'vitest';
import { kindHint } from '../../src/service/kind-hint.ts';

it.each([
  ['audio/flac', null, 'flac'],
  ['Audio/WAV ; charset=x', null, 'wav'],
  ['audio/ogg; codecs="opus"', null, 'opus'],
  ['audio/ogg;codecs=vorbis', null, 'ogg-vorbis'],
  ['audio/mpeg', 'a.flac', 'mp3'],
  ['application/octet-stream', 'A Song.FLAC', 'flac'],
  [null, 'archive.tar.m4a', 'm4a'],
  ['multipart/form-data; boundary=x', null, 'unknown'],
  [null, 'wav', 'unknown'],
  [null, '.../x.wav/y', 'unknown'],
  ['constructor', 'a.__proto__', 'unknown'],
  ['', '', 'unknown'],
  [null, null, 'unknown'],
] as const)('of type %j and name %j a body is likely %s', (type, name, family) => {
  expect(kindHint(type, name)).toBe(family);
});

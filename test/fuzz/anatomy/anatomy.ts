import { formatOf } from '../../../src/audio/survey/formats.ts';
import { asf, matroska, mp4 } from './boxes.ts';
import { aiff, au, caf, riff, w64 } from './chunks.ts';
import {
  ac3,
  flac,
  headed,
  mpegAudio,
  programStream,
  tags,
  transportStream,
  trueAudio,
  wavPack,
} from './frames.ts';
import { ogg } from './ogg.ts';
import type { Shape } from './shape.ts';

const BY_FORMAT: Readonly<Record<string, (bytes: Buffer) => Shape>> = {
  ...{ wav: riff, avi: riff, aiff, caf, w64, au, flac, ogg, mov: mp4, matroska, asf },
  ...{ wv: wavPack, tta: trueAudio },
};

/** Where the numbers and pieces of a file lie, by its first bytes. */
export function anatomyOf(bytes: Buffer): Shape {
  const format = formatOf(bytes.subarray(0, 64));
  const own = format === null ? unmarked(bytes) : (BY_FORMAT[format] ?? littleHeaded)(bytes);
  const { fields, pieces } = tags(bytes);
  return { ...own, fields: [...own.fields, ...fields], pieces: [...own.pieces, ...pieces] };
}

function littleHeaded(bytes: Buffer): Shape {
  return headed(bytes, 'little');
}

function unmarked(bytes: Buffer): Shape {
  if (bytes.length < 8) return headed(bytes, 'big');
  if (bytes[0] === 0x47) return transportStream(bytes);
  if (bytes.readUIntBE(0, 3) === 1) return programStream(bytes);
  if (bytes.readUInt16BE(0) === 0x0b77) return ac3(bytes);
  const found = mpegAudio(bytes);
  return found.pieces.length > 2 ? found : headed(bytes, 'big');
}

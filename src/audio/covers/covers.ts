/**
 * Which pictures an output has: those of its source, none, or another's, and how large they may be. Opens
 * files, which stay open as long as whoever asked needs their bytes; a thread remembers which picture lies in
 * the folder that it last looked into.
 */
import { readdirSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { isMillpondError, MillpondError } from '../../errors.ts';
import { pathFromBytes, systemPath } from '../../files/byte-paths.ts';
import { jsonText } from '../../text/escaping.ts';
import type { CoverSettings } from '../plan/request.ts';
import { openFileSource } from '../sources/file-source.ts';
import { bytesInMemory, type TagPicture } from '../tags/model.ts';
import { type ImageKind, imageKindOf } from './image-kind.ts';
import { scaledImage } from './scaled-image.ts';

const FRONT_COVER = 3;
/** What people and programs call a cover that lies beside the files, the best name first. */
const NAMES = ['cover', 'folder', 'front', 'albumart'].flatMap((name) =>
  ['jpg', 'jpeg', 'png'].map((suffix) => `${name}.${suffix}`),
);
/** Of a picture that is decoded: more pixels would take native memory that nobody counts. */
const MOST_PIXELS = 50_000_000;
const MOST_SCALED_BYTES = 64 * 1024 * 1024;

interface Covers {
  readonly pictures: readonly TagPicture[];
  /** What was changed or left without being asked for. */
  readonly notes: readonly string[];
}

/**
 * @param path of the audio file, where it has one: its folder is looked into
 * @param open gets what has to be closed once nobody reads the pictures any more
 * @throws MillpondError `ERR_INVALID_ARGUMENT` where the file that was asked for is no picture
 */
export function coversOf(
  pictures: readonly TagPicture[],
  { cover = 'keep', coverSize }: CoverSettings,
  path: string | null,
  open: DisposableStack,
): Covers {
  const chosen = chosenOf(pictures, cover, path, open);
  if (coverSize === undefined) return { pictures: chosen, notes: [] };
  const notes: string[] = [];
  return { pictures: chosen.map((picture) => sized(picture, coverSize, notes)), notes };
}

function chosenOf(
  pictures: readonly TagPicture[],
  cover: NonNullable<CoverSettings['cover']>,
  path: string | null,
  open: DisposableStack,
): readonly TagPicture[] {
  if (typeof cover === 'object') return [pictureIn(cover.path, open)];
  if (cover === 'none') return [];
  if (cover === 'keep' || pictures.length > 0 || path === null) return pictures;
  const beside = pictureBeside(path);
  return beside === null ? [] : [pictureIn(beside, open)];
}

function pictureIn(path: string, open: DisposableStack): TagPicture {
  try {
    const bytes = open.use(openFileSource({ path, name: path }));
    const kind = imageKindOf(bytes);
    if (kind !== null) return { type: FRONT_COVER, mime: kind.mime, description: '', bytes };
  } catch (cause) {
    if (!isMillpondError(cause)) throw cause;
    throw noPicture(path, cause);
  }
  throw noPicture(path);
}

let lookedInto: {
  readonly folder: string;
  readonly changedNs: bigint;
  readonly found: string | null;
} | null = null;

/** @returns its path; null where none has one of the names, or the folder cannot be read */
function pictureBeside(path: string): string | null {
  const folder = dirname(path);
  try {
    const changedNs = statSync(systemPath(folder), { bigint: true }).mtimeNs;
    if (lookedInto?.folder !== folder || lookedInto.changedNs !== changedNs) {
      lookedInto = { folder, changedNs, found: bestIn(folder) };
    }
    return lookedInto.found;
  } catch {
    return null;
  }
}

function bestIn(folder: string): string | null {
  const names = readdirSync(systemPath(folder), { encoding: 'buffer' }).map(pathFromBytes).sort();
  for (const name of NAMES) {
    const found = names.find((other) => other.toLowerCase() === name);
    if (found !== undefined) return join(folder, found);
  }
  return null;
}

function sized(picture: TagPicture, size: number, notes: string[]): TagPicture {
  const kind = imageKindOf(picture.bytes);
  if (kind !== null && Math.max(kind.width, kind.height) <= size) return picture;
  const made = kind === null || isTooLarge(picture, kind) ? null : scaledImage(wholeOf(picture), kind, size);
  if (made === null) {
    const what = kind === null ? picture.mime : `${kind.mime} of ${kind.width} by ${kind.height} pixels`;
    notes.push(`A picture (${jsonText(what)}) stayed as it is: it cannot be made smaller.`);
    return picture;
  }
  return {
    type: picture.type,
    mime: 'image/jpeg',
    description: picture.description,
    bytes: bytesInMemory(made),
  };
}

function isTooLarge({ bytes }: TagPicture, { width, height }: ImageKind): boolean {
  return bytes.size > MOST_SCALED_BYTES || width * height > MOST_PIXELS || width * height === 0;
}

function wholeOf({ bytes }: TagPicture): Buffer {
  const whole = Buffer.alloc(bytes.size);
  bytes.read(whole, 0);
  return whole;
}

function noPicture(path: string, cause?: unknown): MillpondError {
  return new MillpondError(
    'ERR_INVALID_ARGUMENT',
    `A cover is a picture (JPEG, PNG, GIF, WebP, BMP) in a file that can be read, got ${jsonText(path)}. Check the path.`,
    cause === undefined ? {} : { cause },
  );
}

/** How the command is told which pictures its outputs have. */
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import type { Command } from 'commander';
import { imageKindOf } from '../audio/covers/image-kind.ts';
import type { CoverSettings } from '../audio/plan/request.ts';
import { bytesInMemory } from '../audio/tags/model.ts';
import { systemPath } from '../files/byte-paths.ts';
import { escaped } from '../text/escaping.ts';
import { option, path, wholeNumber, wrongValue } from './arguments.ts';

export interface CoverOptions {
  /** `keep`, `none`, `folder`, or a file. */
  cover?: string;
  coverSize?: number;
}

const SIZE = { what: 'the longer side in pixels', from: 16, to: 10_000, example: 600 };

export function withCoverOptions(command: Command): Command {
  return command
    .addOption(
      option(
        '--cover <what>',
        'pictures: keep them (default), none, folder (where a file has none, that of cover.jpg beside it), or a file with one for all',
        path,
      ),
    )
    .addOption(
      option(
        '--cover-size <px>',
        'make larger pictures smaller, as JPEG; default: as they are',
        wholeNumber(SIZE),
      ),
    );
}

interface Cover {
  /** For each file. */
  readonly settings: CoverSettings;
  /** The same as text: of a file what is in it, whatever it is called. */
  readonly text: string | null;
  /** What is in the file; null where none is named. */
  readonly bytes: Uint8Array | null;
}

/** @throws MillpondError `ERR_INVALID_ARGUMENT` where a file is no picture that can be read */
export function coverOf({ cover = 'keep', coverSize }: CoverOptions): Cover {
  const size = coverSize === undefined ? {} : { coverSize };
  if (cover === 'keep') return { settings: size, text: null, bytes: null };
  if (cover === 'none' || cover === 'folder')
    return { settings: { cover, ...size }, text: cover, bytes: null };
  const bytes = pictureFrom(cover);
  if (imageKindOf(bytesInMemory(bytes)) === null) {
    throw wrongValue('--cover', cover, 'It holds no picture (JPEG, PNG, GIF, WebP, BMP). Name one.');
  }
  // Each command would take some 7 ms to load it.
  const { createHash } = process.getBuiltinModule('node:crypto');
  const text = `sha256 ${createHash('sha256').update(bytes).digest('hex')}`;
  return { settings: { cover: { path: resolve(cover) }, ...size }, text, bytes };
}

function pictureFrom(cover: string): Buffer {
  try {
    return readFileSync(systemPath(cover));
  } catch (error) {
    const why = escaped((error as Error).message);
    throw wrongValue('--cover', cover, `${why}. Write keep, none or folder, or name a picture.`);
  }
}

/**
 * Makes pages of files: as many as come to a stated amount of predicted work, so that short files share what
 * a page costs and a long one is a page by itself. The first ones are smaller, so that of a small batch, too,
 * each host has some: nobody knows how many files will come. Owns the page that is being filled; pure.
 */

/** A file of the manifest, as its line has it. */
export interface ManifestFile {
  /** Absolute, as every host has it. */
  readonly input: string;
  /** Below the folder of the outputs. */
  readonly output: string;
  readonly bytes: number;
  readonly estimatedSeconds: number;
  /** What has the output's name is replaced. */
  readonly replaces: boolean;
  /** Not audio: it is copied. */
  readonly isOther: boolean;
}

export interface PageSize {
  /** Predicted work of a page, in seconds of one thread, but for the first ones. */
  readonly workSeconds: number;
  readonly mostFiles: number;
}

/** What comes first of all files that a host holds, and what a page costs beside it: docs/scale.md. */
export const DEFAULT_PAGE: PageSize = { workSeconds: 8, mostFiles: 500 };

/** Of the work that was listed before, what a page comes to: a small batch, too, has so many. */
const SHARE = 1 / 32;
/** Of the work of a full page, what the first ones come to. */
const LEAST_SHARE = 1 / 16;
/** Opening one, and giving its output its name. */
const FILE_SECONDS = 0.006;
/** Seconds of audio that a thread does in a second, for the slowest of the usual formats. */
const AUDIO_PER_SECOND = 100;

/** Seconds that one thread will take for a file, by its size and its name. */
export function predictedSeconds({ estimatedSeconds }: Pick<ManifestFile, 'estimatedSeconds'>): number {
  return FILE_SECONDS + estimatedSeconds / AUDIO_PER_SECOND;
}

export class Planner {
  readonly #size: PageSize;
  #files: ManifestFile[] = [];
  #seconds = 0;
  /** Of pages that are full. */
  #listedSeconds = 0;

  constructor(size: PageSize) {
    this.#size = size;
  }

  /** @returns a page that is full with this file */
  add(file: ManifestFile): readonly ManifestFile[] | null {
    this.#files.push(file);
    this.#seconds += predictedSeconds(file);
    const isFull = this.#seconds >= this.#fullSeconds || this.#files.length >= this.#size.mostFiles;
    return isFull ? this.end() : null;
  }

  get #fullSeconds(): number {
    const { workSeconds } = this.#size;
    return Math.min(workSeconds, Math.max(workSeconds * LEAST_SHARE, this.#listedSeconds * SHARE));
  }

  /** @returns what is left, if there is any */
  end(): readonly ManifestFile[] | null {
    const page = this.#files;
    this.#files = [];
    this.#listedSeconds += this.#seconds;
    this.#seconds = 0;
    return page.length === 0 ? null : page;
  }
}

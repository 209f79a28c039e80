/** What a journal's lines say, and how that is read from untrusted text. Pure. */
import { isAbsolute, relative, sep } from 'node:path';

export const SCHEMA = 'millpond.journal/1';

/** The first line. */
export interface Header {
  readonly schema: typeof SCHEMA;
  /** Of millpond. */
  readonly version: string;
  /** ISO 8601. */
  readonly begun: string;
  /** What is made of each file. */
  readonly settings: Readonly<Record<string, unknown>>;
  /** The engine fingerprint of what made the outputs. */
  readonly engine: string;
}

/** A file as it was: two of one mark have the same content, unless somebody set the clock back. */
export interface Mark {
  readonly bytes: number;
  /** When it was last changed, in nanoseconds: digits. */
  readonly mtimeNs: string;
  /** Of its content, in hex, where that is compared. */
  readonly sha256?: string;
}

/** A file that is named as the journal names it: below the outputs' folder by the path from there. */
export interface MarkedFile extends Mark {
  readonly path: string;
}

/** What went into an output, for whoever decodes it again. */
interface Sound {
  readonly frames: number;
  /** Hz. */
  readonly sampleRate: number;
  readonly channels: number;
  /** Of an integer sample in a lossless output, else `null`. */
  readonly bits: number | null;
  /** The digest of its samples, where it was taken; else `null`. */
  readonly samples: string | null;
}

/** Of an output that was made; each where it is known. */
export interface Made {
  readonly sha256?: string | null;
  readonly sound?: Sound | null;
}

export interface Done {
  readonly input: MarkedFile;
  readonly output: MarkedFile;
  readonly sound?: Sound;
  /** Of the output by what it is made of, where contents are compared. */
  readonly address?: string;
}

export interface Failed {
  /** `bytes` and `mtimeNs` are those of the input before it was tried. */
  readonly input: MarkedFile;
  readonly output: string;
  readonly code: string;
  readonly message: string;
}

/** What one line adds: what became known together is written together. */
export interface Group {
  /** Outputs that may be half there if nothing else is said of them. */
  readonly planned?: readonly string[];
  /** Planned outputs that are not made after all. */
  readonly cancelled?: readonly string[];
  readonly done?: readonly Done[];
  readonly failed?: readonly Failed[];
}

/** @returns null for what is not the first line of a journal of this version */
export function headerOf(content: Readonly<Record<string, unknown>>): Header | null {
  const { schema, version, begun, settings, engine } = content;
  if (schema !== SCHEMA || ![version, begun, engine].every((one) => typeof one === 'string')) return null;
  if (typeof settings !== 'object' || settings === null) return null;
  return content as unknown as Header;
}

/** @returns null where a member is not what a journal has there */
export function groupOf(content: Readonly<Record<string, unknown>>): Group | null {
  const { planned = [], cancelled = [], done = [], failed = [] } = content;
  const fits =
    isListOf(planned, isText) &&
    isListOf(cancelled, isText) &&
    isListOf(done, isDone) &&
    isListOf(failed, isFailed);
  return fits ? content : null;
}

function isListOf(value: unknown, fits: (one: unknown) => boolean): boolean {
  return Array.isArray(value) && value.every(fits);
}

function isText(value: unknown): boolean {
  return typeof value === 'string';
}

function isMarked(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false;
  const { path, bytes, mtimeNs, sha256 = '' } = value as Partial<MarkedFile>;
  return isText(path) && typeof bytes === 'number' && isText(mtimeNs) && isText(sha256);
}

function isDone(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false;
  const { input, output, sound, address = '' } = value as Partial<Done>;
  const hasSound = sound === undefined || soundOf(sound) !== null;
  return isMarked(input) && isMarked(output) && hasSound && isText(address);
}

function isFailed(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false;
  const { input, output, code, message } = value as Partial<Failed>;
  return isMarked(input) && isText(output) && isText(code) && isText(message);
}

/** Of what a job says of its output; `null` where it does not say what went into it. */
export function soundOf(result: object): Sound | null {
  const { frames, sampleRate, channels, bits, samples } = result as Partial<Sound>;
  const counts = [frames, sampleRate, channels].every((one) => Number.isSafeInteger(one) && Number(one) >= 0);
  const isWhole = counts && sampleRate !== 0 && [null, 8, 16, 24, 32].includes(bits as number | null);
  if (!isWhole || !(samples === null || isText(samples))) return null;
  return { frames, sampleRate, channels, bits, samples } as Sound;
}

/** How a journal names a path: below the outputs' folder from there, so that the folder can be moved. */
export function nameIn(folder: string, path: string): string {
  const name = relative(folder, path);
  return name === '..' || name.startsWith(`..${sep}`) || isAbsolute(name) ? path : name;
}

/**
 * Reads a journal, which is hostile input: what it says was done is compared with the files themselves, and
 * nothing that it names is opened for writing. Holds one piece of the file at a time, and what the lines say.
 */
import type { FileHandle } from 'node:fs/promises';
import { MillpondError } from '../../errors.ts';
import { shown } from '../../text/escaping.ts';
import { type Done, type Failed, type Group, groupOf, type Header, headerOf, SCHEMA } from './entries.ts';
import { LINE_FEED, MOST_LINE_BYTES, parseLine, readLine } from './lines.ts';

/** What a journal says in the end. Outputs by their names in it. */
export interface Known {
  readonly done: Map<string, Done>;
  readonly failed: Map<string, Failed>;
  /** Outputs that a run may have left half on the disk. */
  readonly planned: Set<string>;
}

export interface ReadJournal extends Known {
  readonly header: Header;
  /** Where the next line goes: what lies behind was not whole. */
  readonly end: number;
  /** Of the last line that is whole. */
  readonly checksum: number;
}

/** What a file that was opened does. */
type Readable = Pick<FileHandle, 'read'>;

const PIECE_BYTES = 262_144;

export function nothingKnown(): Known {
  return { done: new Map(), failed: new Map(), planned: new Set() };
}

/**
 * Reads up to the last whole line. One that is not whole is no error where nothing comes after it: it was
 * being written when its process, or the machine, ended.
 * @param path for messages
 * @returns null for an empty file
 * @throws MillpondError `ERR_JOURNAL_INVALID` for what is no journal, is damaged, or is of a newer version
 */
export async function readJournal(file: Readable, path: string): Promise<ReadJournal | null> {
  const reading = new Reading(path);
  // Pieces, and not lines, are waited for: a promise costs as much as a line.
  const piece = Buffer.allocUnsafe(PIECE_BYTES);
  let kept = Buffer.alloc(0);
  for (let position = 0; ; ) {
    const { bytesRead } = await file.read(piece, 0, piece.length, position);
    if (bytesRead === 0) break;
    position += bytesRead;
    const bytes = Buffer.concat([kept, piece.subarray(0, bytesRead)]);
    let start = 0;
    for (let at = bytes.indexOf(LINE_FEED, kept.length); at >= 0; at = bytes.indexOf(LINE_FEED, start)) {
      reading.take(bytes.subarray(start, at), true);
      start = at + 1;
    }
    kept = bytes.subarray(start);
    if (kept.length > MOST_LINE_BYTES) throw tooLong(path);
  }
  if (kept.length > 0) reading.take(kept, false);
  return reading.result();
}

/** What was read up to some line. */
class Reading {
  readonly #path: string;
  readonly #known = nothingKnown();
  #header: Header | null = null;
  #end = 0;
  #checksum = 0;
  #number = 0;
  #isTorn = false;

  constructor(path: string) {
    this.#path = path;
  }

  /** @param line without its end. @param isWhole whether it had one */
  take(line: Buffer, isWhole: boolean): void {
    if (this.#isTorn) throw damaged(this.#path, this.#number);
    this.#number++;
    const read = isWhole ? readLine(line, this.#checksum) : null;
    if (this.#header === null) {
      this.#header = read && headerOf(read.content);
      if (read === null || this.#header === null) throw foreign(this.#path, line);
    } else {
      const group = read && groupOf(read.content);
      this.#isTorn = group === null;
      if (read === null || group === null) return;
      learn(this.#known, group);
    }
    this.#checksum = read.checksum;
    this.#end += line.length + 1;
  }

  result(): ReadJournal | null {
    const [header, end, checksum] = [this.#header, this.#end, this.#checksum];
    return header && { ...this.#known, header, end, checksum };
  }
}

/** The later word counts. */
function learn(known: Known, { planned = [], cancelled = [], done = [], failed = [] }: Group): void {
  for (const output of planned) {
    known.planned.add(output);
    // It is made anew, so it is no more what was known of it.
    known.done.delete(output);
  }
  for (const output of cancelled) known.planned.delete(output);
  for (const one of done) {
    known.planned.delete(one.output.path);
    known.failed.delete(one.output.path);
    known.done.set(one.output.path, one);
  }
  for (const one of failed) {
    known.planned.delete(one.output);
    known.done.delete(one.output);
    known.failed.set(one.output, one);
  }
}

const BEGINNING = Buffer.from('{"schema":"millpond.journal/');

/**
 * For a journal that is begun anew, whatever is in it.
 * @throws MillpondError `ERR_JOURNAL_INVALID` for what never was one
 */
export async function refuseToReplace(file: Readable, path: string): Promise<void> {
  const head = Buffer.alloc(BEGINNING.length);
  const { bytesRead } = await file.read(head, 0, head.length, 0);
  if (bytesRead > 0 && !head.equals(BEGINNING)) throw foreign(path, head);
}

const REMEDY = 'Name another file by --journal, or remove it to do all anew';

function foreign(path: string, line: Buffer): MillpondError {
  const schema = parseLine(line)?.schema;
  if (typeof schema === 'string' && /^millpond\.journal\/\d{1,9}$/.test(schema) && schema !== SCHEMA) {
    return new MillpondError(
      'ERR_JOURNAL_INVALID',
      `A journal is of a version that is read here, ${SCHEMA}; '${shown(path)}' is ${schema}, of a newer millpond. Use that one, or write --redo to do all anew.`,
    );
  }
  return new MillpondError(
    'ERR_JOURNAL_INVALID',
    `A journal begins with a line that says so; line 1 of '${shown(path)}' does not, or is damaged. ${REMEDY}.`,
  );
}

function damaged(path: string, line: number): MillpondError {
  return new MillpondError(
    'ERR_JOURNAL_INVALID',
    `The lines of a journal have the checksums that they were written with; line ${line} of '${shown(path)}' does not. Keep the ${line - 1} lines before it, as head -n ${line - 1} does, and what they say is done stays done; or write --redo to do all anew.`,
  );
}

function tooLong(path: string): MillpondError {
  return new MillpondError(
    'ERR_JOURNAL_INVALID',
    `A line of a journal has ${MOST_LINE_BYTES} bytes at most; '${shown(path)}' has a longer one. ${REMEDY}.`,
  );
}

/**
 * The lines of a journal: one JSON object each, whose last member is a checksum of all before it on the
 * line and of the line before. So a changed byte is found, and a line that is missing or comes from another
 * journal. Pure.
 */
import { crc32 } from 'node:zlib';

/** Of one line, its end included: a reader holds no more of what is no journal. */
export const MOST_LINE_BYTES = 1_048_576;

export const LINE_FEED = 0x0a;

/** `,"crc":"0123abcd"}` */
const CHECKSUM_BYTES = 18;
const CHECKSUM = /^,"crc":"([0-9a-f]{8})"\}$/;

/** What was read, and the checksum that the next line goes on from. */
interface ReadLine {
  readonly content: Readonly<Record<string, unknown>>;
  readonly checksum: number;
}

/**
 * @param json an object that has members
 * @param before the checksum of the line before; 0 for the first
 */
export function writeLine(json: string, before: number): { bytes: Buffer; checksum: number } {
  const content = Buffer.from(json.slice(0, -1));
  const checksum = crc32(content, before);
  const end = Buffer.from(`,"crc":"${checksum.toString(16).padStart(8, '0')}"}\n`);
  return { bytes: Buffer.concat([content, end]), checksum };
}

/** @param line without its end. @returns null where it is not as {@link writeLine} wrote it */
export function readLine(line: Buffer, before: number): ReadLine | null {
  const length = line.length - CHECKSUM_BYTES;
  if (length < 1) return null;
  const [, written] = CHECKSUM.exec(line.toString('latin1', length)) ?? [];
  const checksum = crc32(line.subarray(0, length), before);
  if (written === undefined || Number.parseInt(written, 16) !== checksum) return null;
  const content = parse(line.toString('utf8', 0, length), '}');
  return content && { content, checksum };
}

/** A line as JSON alone, whatever its checksum; null where it is none. */
export function parseLine(line: Buffer): Readonly<Record<string, unknown>> | null {
  return parse(line.toString(), '');
}

function parse(text: string, end: string): Readonly<Record<string, unknown>> | null {
  try {
    const value: unknown = JSON.parse(text + end);
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : null;
  } catch {
    return null;
  }
}

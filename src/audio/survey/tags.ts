/**
 * The tags of a file, looked through before FFmpeg gets it: of tens of thousands FFmpeg would make minutes of
 * work that nobody can stop (docs/decisions/036).
 */
import { isStream } from '../sources/source.ts';
import { countApe } from './ape.ts';
import { countAsf } from './asf.ts';
import { countAvi } from './avi.ts';
import { countFlac } from './flac.ts';
import type { FormatName } from './formats.ts';
import { countId3 } from './id3v2.ts';
import { countMatroska } from './matroska.ts';
import { countMp4 } from './mp4.ts';
import { countOgg } from './ogg.ts';
import { scan } from './scan.ts';
import { TagList, TagWork } from './tag-work.ts';
import type { Window } from './window.ts';

const ENDS_IN_APE: ReadonlySet<FormatName> = new Set(['wv', 'ape', 'tta', 'tak', 'mpc', 'mpc8', 'aac']);

const ID3_MARK = Buffer.from('ID3');
/** Where DSF says where its ID3 tag is. */
const DSF_TAG_AT = 20;

/** How the tags are counted of formats that hold as many as they like. */
const COUNTS: Readonly<Partial<Record<FormatName, (window: Window, work: TagWork, start: number) => void>>> =
  {
    flac: (window, work, start) => countFlac(window, start, work),
    ogg: countOgg,
    mov: countMp4,
    matroska: countMatroska,
    asf: countAsf,
    avi: countAvi,
    aac: countId3Anywhere,
    dsf: countDsf,
  };

/** Their tags may come at any place: those of a stream are counted as they come. */
const ANYWHERE: ReadonlySet<FormatName> = new Set(['ogg', 'aac']);

/** @returns why FFmpeg must not read the ID3 tags that a source begins with; `null` where it may */
export function faultInFront(window: Window): string | null {
  const work = new TagWork();
  countId3(window, 0, work);
  return work.fault;
}

/**
 * @param start of the format, behind ID3 tags
 * @returns why FFmpeg must not read the tags within a source; `null` where it may
 */
export function faultWithin(window: Window, format: FormatName, start: number): string | null {
  const work = new TagWork();
  if (!isStream(window.source) || !ANYWHERE.has(format)) COUNTS[format]?.(window, work, start);
  return work.fault;
}

/** @returns where tags at the end of a source begin, and why FFmpeg must not read them; `null` if it may */
export function faultAtEnd(window: Window, format: FormatName): { start: number; fault: string } | null {
  const work = new TagWork();
  const start = endsInApe(format) ? countApe(window, work) : null;
  return start === null || work.fault === null ? null : { start, fault: work.fault };
}

/** Whether FFmpeg looks for APEv2 tags at the end of the file. */
export function endsInApe(format: FormatName): boolean {
  return ENDS_IN_APE.has(format);
}

/** FFmpeg reads ID3 tags also between frames, into one list. */
function countId3Anywhere(window: Window, work: TagWork, start: number): void {
  const list = new TagList(work);
  for (const { at } of scan(window.source, [ID3_MARK], start, window.source.size)) {
    if (work.excessive) return;
    countId3(window, at, work, list);
  }
}

function countDsf(window: Window, work: TagWork): void {
  const at = window.view(DSF_TAG_AT, 8);
  if (at.length === 8) countId3(window, Number(at.readBigUInt64LE()), work);
}

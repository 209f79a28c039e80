/**
 * Chapters of a cue sheet, for outputs that have no place for one: the block of FLAC has times alone, the
 * text that programs put into a comment has titles, too.
 */
import type { AudioTags, TagChapter } from '../tags/model.ts';

const TRACKS_AT = 395;
const TRACK_BYTES = 36;
const INDEX_BYTES = 12;
/** The end of a disc, and of what is none. */
const LEAD_OUTS: ReadonlySet<number> = new Set([170, 255]);
const MOST_BLOCK_BYTES = 65_536;
/** Of a second. */
const SECTORS = 75;

/** @param sampleRate Hz, of the source */
export function cueChapters({ fields, natives }: AudioTags, sampleRate: number): TagChapter[] {
  const text = fields.find(({ key }) => key.toUpperCase() === 'CUESHEET');
  const told = text === undefined ? [] : textChapters(text.value);
  const block = natives.find(({ family, name }) => family === 'flac' && name === 'CUESHEET');
  if (told.length > 0 || block === undefined || block.bytes.size > MOST_BLOCK_BYTES) return told;
  const bytes = Buffer.alloc(block.bytes.size);
  return blockChapters(bytes.subarray(0, block.bytes.read(bytes, 0)), sampleRate);
}

function blockChapters(block: Buffer, sampleRate: number): TagChapter[] {
  const found: TagChapter[] = [];
  for (let at = TRACKS_AT + 1, i = 0; i < (block[TRACKS_AT] ?? 0) && at + TRACK_BYTES <= block.length; i++) {
    const [number, indices] = [block[at + 8], block[at + TRACK_BYTES - 1]];
    let frames = Number(block.readBigUInt64BE(at));
    const end = at + TRACK_BYTES + indices * INDEX_BYTES;
    // A track begins at its index 1, behind what plays in front of it.
    for (
      let index = at + TRACK_BYTES;
      index + INDEX_BYTES <= Math.min(end, block.length);
      index += INDEX_BYTES
    ) {
      if (block[index + 8] === 1) frames += Number(block.readBigUInt64BE(index));
    }
    if (!LEAD_OUTS.has(number)) found.push({ startMs: (frames * 1000) / sampleRate, endMs: null, title: '' });
    at = end;
  }
  return found;
}

/** `TRACK 01 AUDIO`, `TITLE "..."`, `INDEX 01 mm:ss:ff`: a line each. */
function textChapters(text: string): TagChapter[] {
  const found: TagChapter[] = [];
  let title: string | null = null;
  for (const line of text.split(/\r?\n/)) {
    if (/^\s*TRACK\s/i.test(line)) title = '';
    const [, named, plain = ''] = /^\s*TITLE\s+(?:"(.*)"|(.*\S))\s*$/i.exec(line) ?? [];
    if (title !== null && (named !== undefined || plain !== '')) title = named ?? plain;
    const [, minutes, seconds, sectors] = /^\s*INDEX\s+0*1\s+(\d+):(\d\d):(\d\d)\s*$/i.exec(line) ?? [];
    if (title !== null && minutes !== undefined) {
      const startMs = (Number(minutes) * 60 + Number(seconds) + Number(sectors) / SECTORS) * 1000;
      found.push({ startMs, endMs: null, title });
    }
  }
  return found;
}

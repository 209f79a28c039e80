/**
 * What a WAV file holds beside its sound and its tags: broadcast data, cues, loops and whatever programs keep
 * there. FFmpeg passes over most of it.
 */
import type { WavChunk } from '../plan/wav-chunks.ts';
import { isStream } from '../sources/source.ts';
import type { Window } from '../survey/window.ts';

const FORMS = new Set(['RIFF', 'RF64', 'BW64']);
const FORM_HEAD_BYTES = 12;
const HEAD_BYTES = 8;
/** Each costs about 1 us to look at. */
const MOST_CHUNKS = 10_000;

/** The output has its own of these, or none: they describe the samples, become tags, or fill a gap. */
const OWN = new Set(['fmt', 'data', 'fact', 'ds64', 'INFO', 'id3', 'ID3']);
const FILLING = new Set(['JUNK', 'junk', 'PAD', 'pad', 'FLLR', 'filr', 'bpad', 'FILR']);

/**
 * The chunks in order, of a stream those in front of the sound; none where the source is no WAV. What is cut
 * off counts as not there.
 */
export function wavChunks(window: Window): WavChunk[] {
  const { source } = window;
  const isWav = FORMS.has(window.text(0, 4)) && window.text(8, 4) === 'WAVE';
  const found: WavChunk[] = [];
  let dataBytes = 0;
  for (let at = FORM_HEAD_BYTES, count = 0; isWav && count < MOST_CHUNKS; count++) {
    const head = window.view(at, FORM_HEAD_BYTES);
    const id = head.toString('latin1', 0, 4);
    if (head.length < HEAD_BYTES || !/^[ -~]{4}$/.test(id)) break;
    const body = at + HEAD_BYTES;
    let size = head.readUInt32LE(4);
    if (id === 'ds64') dataBytes = dataBytesOf(window, body);
    if (id === 'data' && size === 0xffff_ffff) size = dataBytes;
    // Programs that write to a pipe don't know how long the sound is: then all that follows is sound.
    if (id === 'data' && isStream(source)) break;
    if (body + size > source.size || (id === 'data' && size === 0)) break;
    const kind = (id === 'LIST' ? head.toString('latin1', 8, 12) : id).trim();
    if (!OWN.has(kind) && !FILLING.has(kind) && size > 0) found.push({ id, kind, body, size });
    at = body + size + (size % 2);
  }
  return found;
}

/** The sizes of what 32 bits would not hold: first of the file, then of its samples. */
function dataBytesOf(window: Window, body: number): number {
  const sizes = window.view(body, 16);
  return sizes.length === 16 ? Number(sizes.readBigUInt64LE(8)) : 0;
}

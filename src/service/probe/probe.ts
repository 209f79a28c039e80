/**
 * What a body is, by some of its bytes: enough to predict how long its work takes, before any FFmpeg
 * sees it.
 * A body that lies gets a wrong prediction, nothing more. Pure but for the reads that it is given; reads
 * and
 * time are bounded, whatever the bytes are.
 */
import { type FormatName, formatOf } from '../../audio/survey/formats.ts';
import { behindId3 } from '../../audio/survey/id3v2.ts';
import { tellBoxes } from './boxes.ts';
import { tellAiff, tellAu, tellCaf, tellW64, tellWav } from './chunked.ts';
import { tellElements } from './elements.ts';
import { Fields } from './fields.ts';
import { tellFlac } from './flac.ts';
import { tellTrueHd } from './frames.ts';
import { tellProgram, tellTransport } from './mpeg-streams.ts';
import { tellOgg } from './ogg.ts';
import * as older from './older.ts';
import { END_BYTES, Reach, type Read } from './reach.ts';
import { tellRow } from './rows.ts';
import type { Probed, Told } from './told.ts';

export type { Probed } from './told.ts';

const SIGNATURE_BYTES = 16;
/** Hz, and channels: no body that is decoded has more. */
const MOST_RATE = 1_536_000;
const MOST_CHANNELS = 255;
const MOST_BITS = 64;
/** A thousand years: no more is a length. */
const MOST_SECONDS = 3.2e10;

const MARKED: Readonly<Partial<Record<FormatName, (fields: Fields) => Told>>> = {
  ...{ wav: tellWav, w64: tellW64, aiff: tellAiff, caf: tellCaf, au: tellAu, flac: tellFlac, ogg: tellOgg },
  ...{
    mov: tellBoxes,
    matroska: tellElements,
    asf: older.tellAsf,
    avi: older.tellAvi,
    wv: older.tellWavPack,
  },
  ...{ ape: older.tellApe, tta: older.tellTta, tak: older.tellTak, mpc: older.tellMusepack7 },
  ...{ mpc8: older.tellMusepack8, amr: older.tellAmr, dsf: older.tellDsf },
};

/**
 * @param size of the body, `null` where nobody knows: then nothing is looked for at its end
 * @param headBytes read in front, 4 KiB to 64 KiB
 */
export function probe(read: Read, size: number | null, headBytes = END_BYTES): Probed {
  const first = Reach.first(read, size);
  const begin = behindId3(new Fields(first).window);
  const fields = new Fields(first.behind(begin, headBytes));
  const format = formatOf(fields.window.view(0, SIGNATURE_BYTES));
  const told = (format === null ? unmarked(fields) : MARKED[format]?.(fields)) ?? {};
  // Nearly all that begins with a tag is MP3.
  return probed(
    told.family === undefined && begin > 0 && fields.size > 0 ? { family: 'mp3', ...told } : told,
  );
}

function unmarked(fields: Fields): Told | null {
  return tellTransport(fields) ?? tellProgram(fields) ?? tellTrueHd(fields, 0) ?? tellRow(fields);
}

function probed({
  family = 'unknown',
  seconds,
  frames = 0,
  rate,
  channels,
  bits,
  lossless = false,
}: Told): Probed {
  const hertz = within(rate, MOST_RATE);
  // A header that is wrong about the one is wrong about the other.
  const isLength =
    seconds !== undefined && seconds > 0 && seconds <= MOST_SECONDS && (rate === undefined || hertz !== null);
  return {
    family,
    seconds: isLength ? seconds : null,
    frames: isLength && frames > 0 ? frames : null,
    rate: hertz,
    channels: within(channels, MOST_CHANNELS),
    bits: within(bits, MOST_BITS),
    lossless,
  };
}

function within(number: number | undefined, most: number): number | null {
  return number !== undefined && number >= 1 && number <= most ? Math.round(number) : null;
}

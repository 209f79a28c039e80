/** Hand-written MOV files, as small as they come, for shapes that millpond itself does not write. */

export function int32(...values: number[]): Buffer {
  const bytes = Buffer.alloc(values.length * 4);
  for (const [i, value] of values.entries()) bytes.writeInt32BE(value, i * 4);
  return bytes;
}

export function box(type: string, ...parts: Buffer[]): Buffer {
  const body = Buffer.concat(parts);
  return Buffer.concat([int32(body.length + 8), Buffer.from(type, 'latin1'), body]);
}

const NO_BYTES = Buffer.alloc(0);

interface Track {
  readonly handler: 'soun' | 'vide';
  readonly rate: number;
  readonly length: number;
  readonly sample: Buffer;
  readonly sampleBytes: number;
  /** Where the samples begin in the file. */
  readonly at: number;
  readonly information?: Buffer;
}

function movie(tracks: readonly Track[]): Buffer {
  const boxes = tracks.map(
    ({ handler, rate, length, sample, sampleBytes, at, information = NO_BYTES }, i) => {
      const table = box(
        'stbl',
        box('stsd', int32(0, 1), sample),
        box('stts', int32(0, 1, length, 1)),
        box('stsc', int32(0, 1, 1, length, 1)),
        box('stsz', int32(0, sampleBytes, length)),
        box('stco', int32(0, 1, at)),
      );
      const header = box('mdhd', int32(0, 0, 0, rate, length, 0));
      const named = box('hdlr', int32(0, 0), Buffer.from(handler), int32(0, 0, 0), Buffer.from([0]));
      const media = box('mdia', header, named, box('minf', information, table));
      return box('trak', box('tkhd', int32(0, 0, 0, i + 1, 0, length), Buffer.alloc(60)), media);
    },
  );
  return box('moov', box('mvhd', int32(0, 0, 0, 1000, 1), Buffer.alloc(80)), ...boxes);
}

/** A description of 16-bit samples at 8000 Hz. @param more what its box holds besides */
export function pcmDescription(more: Buffer = NO_BYTES): Buffer {
  return box(
    'sowt',
    Buffer.alloc(6),
    Buffer.from([0, 1]),
    Buffer.alloc(8),
    int32(0x0001_0010, 0, 8000 << 16),
    more,
  );
}

/** A file with one track of sound, whose tables are given. */
export function movieOf(tables: Buffer, contents: Buffer): Buffer {
  const header = box('mdhd', int32(0, 0, 0, 8000, 100_000, 0));
  const named = box('hdlr', int32(0, 0), Buffer.from('soun'), int32(0, 0, 0), Buffer.from([0]));
  const media = box('mdia', header, named, box('minf', tables));
  const track = box('trak', box('tkhd', int32(0, 0, 0, 1, 0, 100_000), Buffer.alloc(60)), media);
  const type = box('ftyp', Buffer.from('isom'), int32(0), Buffer.from('isom'));
  const all = box('moov', box('mvhd', int32(0, 0, 0, 1000, 1), Buffer.alloc(80)), track);
  return Buffer.concat([type, box('mdat', contents), all]);
}

function file(contents: Buffer, tracks: readonly Track[]): Buffer {
  const type = box('ftyp', Buffer.from('isom'), int32(0), Buffer.from('isom'));
  return Buffer.concat([type, contents, movie(tracks)]);
}

/** Where the contents of a file's first box begin. */
const CONTENTS = 28;

/** A file whose only track is a picture. */
export function pictureOnly(): Buffer {
  const sample = box(
    'mjpa',
    Buffer.alloc(6),
    Buffer.from([0, 1]),
    Buffer.alloc(16),
    Buffer.from([0, 16, 0, 16]),
    Buffer.alloc(50),
  );
  const track: Track = { handler: 'vide', rate: 1000, length: 1, sample, sampleBytes: 4, at: 40 };
  return file(box('free', Buffer.alloc(16)), [track]);
}

/**
 * One track for each array of 16-bit samples, at 8000 Hz.
 * @param elsewhere an absolute path: the tracks name this file for their samples, which begin at its start
 */
export function soundTracks(tracks: readonly (readonly number[])[], elsewhere?: string): Buffer {
  const sound = tracks.map((samples) => Buffer.from(Int16Array.from(samples).buffer));
  const sample = pcmDescription();
  let at = elsewhere === undefined ? CONTENTS : 0;
  const described = tracks.map((samples, i): Track => {
    const information =
      elsewhere === undefined ? NO_BYTES : box('dinf', box('dref', int32(0, 1), alias(elsewhere)));
    const track = {
      handler: 'soun' as const,
      rate: 8000,
      length: samples.length,
      sample,
      sampleBytes: 2,
      at,
      information,
    };
    at += sound[i].length;
    return track;
  });
  return file(box('mdat', ...(elsewhere === undefined ? sound : [])), described);
}

/** A Macintosh alias with an absolute path. */
function alias(path: string): Buffer {
  const name = Buffer.from(path.length % 2 === 0 ? path : `${path}\0`);
  const entry = Buffer.alloc(4);
  entry.writeUInt16BE(2, 0);
  entry.writeUInt16BE(name.length, 2);
  const end = Buffer.from([0xff, 0xff, 0, 0]);
  return box('alis', int32(0), Buffer.alloc(150), entry, name, end);
}

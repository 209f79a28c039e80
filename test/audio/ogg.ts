/** Ogg files put together anew, page by page, for shapes that millpond itself does not write. */

interface Page {
  readonly flags: number;
  readonly position: bigint;
  readonly serial: number;
  readonly sequence: number;
  /** As they lie in the page: a packet ends with a segment of less than 255 bytes. */
  readonly segments: readonly number[];
  readonly body: Buffer;
}

interface OggChanges {
  readonly serial?: number;
  /** What the last page says is the end. */
  readonly end?: bigint;
}

const CONTINUED = 1;
const LAST = 4;

/** A Vorbis file with all its sound in one page, where it fits: 255 segments. */
export function inOnePage(ogg: Buffer, { serial, end }: OggChanges = {}): Buffer {
  const pages = pagesOf(ogg);
  const sound = pages.findIndex(({ position }) => position > 0n);
  const first = pages[sound];
  const segments = pages.slice(sound).flatMap((page) => page.segments);
  if (first.flags & CONTINUED || segments.length > 255) throw new Error('does not fit in one page');
  const body = Buffer.concat(pages.slice(sound).map((page) => page.body));
  const position = end ?? pages[pages.length - 1].position;
  const whole = { ...first, flags: LAST, position, segments, body };
  const all = [...pages.slice(0, sound), whole];
  return Buffer.concat(all.map((page) => pageBytes({ ...page, serial: serial ?? page.serial })));
}

/** The same pages under another number. */
export function withSerial(ogg: Buffer, serial: number): Buffer {
  return Buffer.concat(pagesOf(ogg).map((page) => pageBytes({ ...page, serial })));
}

/** An Opus file whose header asks for that much gain, in 1/256 dB. */
export function withHeaderGain(opus: Buffer, gain: number): Buffer {
  return withHeader(opus, (head) => head.writeInt16LE(gain, 16));
}

/** An Opus file whose header says what its channels are: 1 for those of speakers, 255 for any. */
export function withChannelMapping(opus: Buffer, family: number): Buffer {
  return withHeader(opus, (head) => head.writeUInt8(family, 18));
}

/** The same file, whose last page says that it ends so many frames before. */
export function endingSooner(ogg: Buffer, frames: number): Buffer {
  const pages = pagesOf(ogg);
  const last = pages[pages.length - 1];
  const sooner = { ...last, position: last.position - BigInt(frames) };
  return Buffer.concat([...pages.slice(0, -1), sooner].map(pageBytes));
}

function withHeader(opus: Buffer, change: (head: Buffer) => void): Buffer {
  const pages = pagesOf(opus).map((page) => {
    if (!page.body.toString('latin1').startsWith('OpusHead')) return page;
    const body = Buffer.from(page.body);
    change(body);
    return { ...page, body };
  });
  return Buffer.concat(pages.map(pageBytes));
}

/**
 * The same file with another packet of tags, the second one of its stream. What shares its page with it gets
 * one of its own.
 */
export function withTags(ogg: Buffer, tags: Buffer): Buffer {
  const pages = pagesOf(ogg);
  const [first, second, ...rest] = pages;
  const tagsEnd = second.segments.findIndex((bytes) => bytes < 255);
  const tagsBytes = second.segments.slice(0, tagsEnd + 1).reduce((sum, bytes) => sum + bytes, 0);
  const others = second.segments.slice(tagsEnd + 1);
  const alone = paged(tags, { ...second, flags: 0, sequence: 1 });
  const behind =
    others.length > 0 ? [{ ...second, segments: others, body: second.body.subarray(tagsBytes) }] : [];
  return Buffer.concat(
    [first, ...alone, ...behind, ...rest].map((page, sequence) => pageBytes({ ...page, sequence })),
  );
}

/** The same file with one more packet before its last page. */
export function withPacket(ogg: Buffer, packet: Buffer): Buffer {
  const pages = pagesOf(ogg);
  const last = pages[pages.length - 1];
  const more = paged(packet, { ...last, flags: 0 });
  return Buffer.concat(
    [...pages.slice(0, -1), ...more, last].map((page, sequence) => pageBytes({ ...page, sequence })),
  );
}

/** One packet, in as many pages as it takes. */
function paged(packet: Buffer, page: Page): Page[] {
  const segments = [...Array(Math.floor(packet.length / 255)).fill(255), packet.length % 255];
  const pages: Page[] = [];
  for (let at = 0; at < segments.length; at += 255) {
    const part = segments.slice(at, at + 255);
    const body = packet.subarray(at * 255, at * 255 + part.reduce((sum, bytes) => sum + bytes, 0));
    const flags = at > 0 ? CONTINUED : 0;
    const position = at + 255 < segments.length ? -1n : 0n;
    pages.push({ ...page, flags, position, segments: part, body });
  }
  return pages;
}

function pagesOf(ogg: Buffer): Page[] {
  const pages: Page[] = [];
  for (let at = 0; at < ogg.length; ) {
    const bodyAt = at + 27 + ogg[at + 26];
    const segments = [...ogg.subarray(at + 27, bodyAt)];
    const end = bodyAt + segments.reduce((sum, bytes) => sum + bytes, 0);
    pages.push({
      flags: ogg[at + 5],
      position: ogg.readBigInt64LE(at + 6),
      serial: ogg.readUInt32LE(at + 14),
      sequence: ogg.readUInt32LE(at + 18),
      segments,
      body: ogg.subarray(bodyAt, end),
    });
    at = end;
  }
  return pages;
}

function pageBytes({ flags, position, serial, sequence, segments, body }: Page): Buffer {
  const head = Buffer.alloc(27);
  head.write('OggS', 'latin1');
  head[5] = flags;
  head.writeBigInt64LE(position, 6);
  head.writeUInt32LE(serial, 14);
  head.writeUInt32LE(sequence, 18);
  head[26] = segments.length;
  const page = Buffer.concat([head, Buffer.from(segments), body]);
  page.writeUInt32LE(checksum(page), 22);
  return page;
}

/** CRC-32 as Ogg has it: from the highest bit down, and nothing inverted. */
function checksum(bytes: Buffer): number {
  let sum = 0;
  for (const byte of bytes) {
    sum ^= byte << 24;
    for (let bit = 0; bit < 8; bit++) sum = sum < 0 ? (sum << 1) ^ 0x04c1_1db7 : sum << 1;
  }
  return sum >>> 0;
}

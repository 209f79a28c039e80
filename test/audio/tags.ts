/** Hand-written ID3 tags. */

function big(value: number, bytes = 4): Buffer {
  const buffer = Buffer.alloc(bytes);
  buffer.writeUIntBE(value, 0, bytes);
  return buffer;
}

type Version = 2 | 3 | 4;

interface Id3Options {
  readonly version?: Version;
  /** Of the second byte of the head, such as 0x40 for an extended head, which `frames` then begin with. */
  readonly flags?: number;
  readonly footer?: boolean;
  readonly paddingBytes?: number;
}

export function id3(frames: readonly Buffer[], options: Id3Options = {}): Buffer {
  const { version = 3, flags = 0, footer = false, paddingBytes = 0 } = options;
  const body = Buffer.concat([...frames, Buffer.alloc(paddingBytes)]);
  const head = Buffer.from([version, 0, flags | (footer ? 0x10 : 0), ...sevenBits(body.length)]);
  const end = footer ? [Buffer.from('3DI'), head] : [];
  return Buffer.concat([Buffer.from('ID3'), head, body, ...end]);
}

function id3Frame(id: string, body: Buffer | string, version: Version = 3, flags = 0): Buffer {
  const bytes = Buffer.from(body);
  if (version === 2) return Buffer.concat([Buffer.from(id), big(bytes.length, 3), bytes]);
  const length = version === 4 ? sevenBits(bytes.length) : big(bytes.length);
  return Buffer.concat([Buffer.from(id), length, big(flags, 2), bytes]);
}

export function title(text: string): Buffer {
  return id3Frame('TIT2', `\0${text}`);
}

function sevenBits(value: number): Buffer {
  return Buffer.from([21, 14, 7, 0].map((shift) => (value >> shift) & 0x7f));
}

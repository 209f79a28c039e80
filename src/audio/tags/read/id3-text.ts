/** Texts of ID3v2: in one of four encodings, one value behind another with zeros between. */

const UTF16 = 1;
const UTF16_BIG = 2;
const UTF8 = 3;

/** Where the zero is that ends a text; the end, where there is none. */
export function textEnd(bytes: Buffer, start: number, encoding: number): number {
  if (!isWide(encoding)) {
    const zero = bytes.indexOf(0, start);
    return zero < 0 ? bytes.length : zero;
  }
  for (let at = start; at + 1 < bytes.length; at += 2) if (bytes[at] === 0 && bytes[at + 1] === 0) return at;
  return bytes.length;
}

/** Where what comes behind that zero begins. */
export function behindText(end: number, encoding: number): number {
  return end + (isWide(encoding) ? 2 : 1);
}

/** All values that there are, one at least, without empty ones at the end. */
export function valuesOf(bytes: Buffer, start: number, encoding: number): string[] {
  const values: string[] = [];
  const order = { big: encoding === UTF16_BIG };
  for (let at = start; at < bytes.length; ) {
    const end = textEnd(bytes, at, encoding);
    values.push(decode(bytes.subarray(at, end), encoding, order));
    at = behindText(end, encoding);
  }
  while (values.length > 1 && values.at(-1) === '') values.pop();
  return values.length === 0 ? [''] : values;
}

/** One text, up to its zero. */
export function textAt(bytes: Buffer, start: number, encoding: number): string {
  const end = textEnd(bytes, start, encoding);
  return decode(bytes.subarray(start, end), encoding, { big: encoding === UTF16_BIG });
}

/** @param order of bytes, which the first value says, and others need not say again */
function decode(bytes: Buffer, encoding: number, order: { big: boolean }): string {
  if (encoding === UTF8) return bytes.toString();
  if (!isWide(encoding)) return bytes.toString('latin1');
  let text = bytes.subarray(0, bytes.length - (bytes.length % 2));
  if (encoding === UTF16 && text.length >= 2) {
    const mark = text.readUInt16BE(0);
    if (mark === 0xfeff || mark === 0xfffe) {
      order.big = mark === 0xfeff;
      text = text.subarray(2);
    }
  }
  return order.big ? Buffer.from(text).swap16().toString('utf16le') : text.toString('utf16le');
}

function isWide(encoding: number): boolean {
  return encoding === UTF16 || encoding === UTF16_BIG;
}

/** A picture as a block of FLAC has it, also within a comment. */
import type { TagBytes } from '../model.ts';
import type { Gathering } from './gathering.ts';
import { sliceOf, TagWindow } from './tag-window.ts';

const NUMBER_BYTES = 4;
const MOST_TEXT_BYTES = 65_536;

export function pictureBlock(block: TagBytes, into: Gathering): void {
  const window = new TagWindow(block);
  let at = 0;
  const number = () => {
    const bytes = window.view(at, NUMBER_BYTES);
    at += NUMBER_BYTES;
    return bytes.length < NUMBER_BYTES ? 0 : bytes.readUInt32BE();
  };
  const text = () => {
    const length = number();
    const found = window.view(at, Math.min(length, MOST_TEXT_BYTES)).toString();
    at += length;
    return found;
  };
  const type = number();
  const [mime, description] = [text(), text()];
  const [width, height, depth, colours] = [number(), number(), number(), number()];
  const size = number();
  if (at + size > block.size || size === 0) {
    into.note(claimsTooMuch(size));
    return;
  }
  const form = { width, height, depth, colours };
  into.addPicture({ type, mime, description, form, bytes: sliceOf(block, at, size) });
}

export function claimsTooMuch(bytes: number): string {
  return `A picture was left out: it claims ${bytes} bytes, and they are not there.`;
}

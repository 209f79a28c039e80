/**
 * Numbers and texts of a body by their positions. What is not there, or out of reach, reads as 0 and as no
 * text.
 */
import { Window } from '../../audio/survey/window.ts';
import type { Reach } from './reach.ts';

export class Fields {
  readonly reach: Reach;
  readonly window: Window;

  constructor(reach: Reach) {
    this.reach = reach;
    this.window = new Window(reach);
  }

  get size(): number {
    return this.reach.size;
  }

  /** Whether all these bytes are there. */
  has(at: number, length: number): boolean {
    return this.window.view(at, length).length === length;
  }

  text(at: number, length: number): string {
    return this.window.text(at, length);
  }

  u8(at: number): number {
    const view = this.window.view(at, 1);
    return view.length < 1 ? 0 : view[0];
  }

  u16le(at: number): number {
    const view = this.window.view(at, 2);
    return view.length < 2 ? 0 : view.readUInt16LE();
  }

  u16be(at: number): number {
    const view = this.window.view(at, 2);
    return view.length < 2 ? 0 : view.readUInt16BE();
  }

  u24be(at: number): number {
    const view = this.window.view(at, 3);
    return view.length < 3 ? 0 : view.readUIntBE(0, 3);
  }

  u32le(at: number): number {
    const view = this.window.view(at, 4);
    return view.length < 4 ? 0 : view.readUInt32LE();
  }

  u32be(at: number): number {
    const view = this.window.view(at, 4);
    return view.length < 4 ? 0 : view.readUInt32BE();
  }

  /** Not exact over 2 ** 53. */
  u64le(at: number): number {
    return this.u32le(at + 4) * 2 ** 32 + this.u32le(at);
  }

  /** Not exact over 2 ** 53. */
  u64be(at: number): number {
    return this.u32be(at) * 2 ** 32 + this.u32be(at + 4);
  }

  /** @param bytes 4 or 8 */
  floatBe(at: number, bytes: number): number {
    const view = this.window.view(at, bytes);
    if (view.length < bytes) return 0;
    return bytes === 8 ? view.readDoubleBE() : bytes === 4 ? view.readFloatBE() : 0;
  }
}

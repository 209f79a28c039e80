/** A real terminal without a window: what is written to it shows on a screen that can be read. */
import { EventEmitter } from 'node:events';
import xterm from '@xterm/headless';
import type { startWatch } from '../../src/cli/watch.ts';

export class Screen extends EventEmitter {
  readonly isTTY = true;
  readonly #terminal: InstanceType<typeof xterm.Terminal>;
  #written = '';

  constructor(columns: number, rows: number) {
    super();
    this.#terminal = new xterm.Terminal({ cols: columns, rows, convertEol: true, allowProposedApi: true });
  }

  get columns(): number {
    return this.#terminal.cols;
  }

  get rows(): number {
    return this.#terminal.rows;
  }

  /** Everything that was ever written, escapes included. */
  get written(): string {
    return this.#written;
  }

  hasColors(): boolean {
    return false;
  }

  write(text: string): boolean {
    this.#written += text;
    this.#terminal.write(text);
    return true;
  }

  /** What a terminal does when its window changes: it breaks its lines anew, and then tells the process. */
  async resize(columns: number, rows: number): Promise<void> {
    await this.#settled();
    this.#terminal.resize(columns, rows);
    this.emit('resize');
  }

  /** Each line that is on the screen or above it; lines at the end that hold nothing are left out. */
  async lines(): Promise<string[]> {
    await this.#settled();
    const { active } = this.#terminal.buffer;
    const all = Array.from({ length: active.length }, (_, at) => active.getLine(at)!.translateToString(true));
    return all.slice(0, all.findLastIndex((line) => line !== '') + 1);
  }

  /** The lines on the screen. */
  async visible(): Promise<string[]> {
    const lines = await this.lines();
    return lines.slice(this.#terminal.buffer.active.baseY);
  }

  get asStream(): Parameters<typeof startWatch>[0] {
    return this as unknown as Parameters<typeof startWatch>[0];
  }

  #settled(): Promise<void> {
    return new Promise((resolve) => this.#terminal.write('', resolve));
  }
}

/** Whether the cursor shows at the end of what was written. */
export function cursorShows(written: string): boolean {
  return written.lastIndexOf('\x1b[?25h') >= written.lastIndexOf('\x1b[?25l');
}

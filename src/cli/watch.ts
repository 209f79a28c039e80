/**
 * The live view of a run: redrawn in place four times a second, on a terminal only. Owns the lines at the
 * terminal's lower end and the cursor, which is hidden until `stop`. Runs on the main thread; what it shows
 * is in watch-view.ts. The library that moves the cursor is loaded only when there is a terminal.
 */

import { stripVTControlCharacters } from 'node:util';
import type { Snapshot } from '../telemetry/snapshot.ts';
import type { Progress, ProgressView } from './progress.ts';
import { render } from './watch-view.ts';

const REDRAW_MS = 250;
/** For a terminal that does not report its size. */
const USUAL = { columns: 80, rows: 24 };
const HIDE_CURSOR = '\x1b[?25l';
const SHOW_CURSOR = '\x1b[?25h';
const ERASE_LINE_AND_GO_UP = '\x1b[2K\x1b[1A';

interface Watched {
  readonly snapshot: Snapshot;
  readonly progress: Progress;
}

/** What of a terminal is used. */
type Terminal = Pick<NodeJS.WriteStream, 'isTTY' | 'columns' | 'rows' | 'hasColors' | 'write' | 'on' | 'off'>;

export async function startWatch(stream: Terminal, source: () => Watched): Promise<ProgressView> {
  const { createLogUpdate } = await import('log-update');
  const size = () => ({ columns: stream.columns || USUAL.columns, rows: stream.rows || USUAL.rows });
  const sized = {
    isTTY: true,
    write: (text: string) => stream.write(text),
    get columns() {
      return size().columns;
    },
    get rows() {
      return size().rows;
    },
  } as NodeJS.WriteStream;
  // The library's own way to hide the cursor knows stderr only, and listens for signals, which others do
  // here.
  const update = createLogUpdate(sized, { showCursor: true });
  let widths: number[] = [];

  function draw(): void {
    const { snapshot, progress } = source();
    const text = render(snapshot, progress, { ...size(), colour: stream.hasColors() });
    widths = stripVTControlCharacters(text)
      .split('\n')
      .map((line) => line.length);
    update(text);
  }

  function resized(): void {
    // Terminals break lines that have become too long into several, which the library does not know.
    const { columns } = size();
    const more = widths.reduce((sum, width) => sum + Math.max(1, Math.ceil(width / columns)) - 1, 0);
    stream.write(ERASE_LINE_AND_GO_UP.repeat(more));
    update.clear();
    draw();
  }

  const showCursor = () => void stream.write(SHOW_CURSOR);
  stream.write(HIDE_CURSOR);
  process.on('exit', showCursor);
  stream.on('resize', resized);
  const timer = setInterval(draw, REDRAW_MS);
  timer.unref();
  let stopped = false;
  draw();
  return {
    // It is redrawn by its timer.
    changed() {},
    line(text) {
      if (!stopped) update.clear();
      stream.write(`${text}\n`);
      if (!stopped) draw();
    },
    stop() {
      if (stopped) return;
      stopped = true;
      clearInterval(timer);
      stream.off('resize', resized);
      process.off('exit', showCursor);
      update.clear();
      showCursor();
    },
  };
}

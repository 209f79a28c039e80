/**
 * What audio is read from. A decoder knows only this contract: it neither opens anything by name nor learns
 * where else a file might be.
 */
export interface Source extends Disposable {
  /** For messages: what the user calls it, such as a path. */
  readonly name: string;
  /** Bytes; `Infinity` of a stream. Does not change while the source is open. */
  readonly size: number;
  /** Position behind the last byte: as `size`, but that a stream knows it once all of it was read. */
  readonly end: number;
  /** How FFmpeg gets at the bytes. */
  readonly bytes: SourceBytes;
  /**
   * Copies bytes from a position on into `target`. Of a stream it waits for them, reaches a stated number of
   * bytes ahead, and not back behind what was taken.
   * @returns how many; fewer than fit only at the end
   */
  read(target: Uint8Array, position: number): number;
  /** What happened to the bytes since the source was opened; `null` for nothing that can be seen. */
  change(): SourceChange | null;
  /** Whether the end is missing, where only whoever read all of it can tell. */
  lacksEnd?(): boolean;
  /** Gives back what was opened. Whoever takes a source over does this, once. */
  [Symbol.dispose](): void;
}

/** They became fewer, or somebody wrote to them. */
export type SourceChange = 'shorter' | 'written';

/** How FFmpeg reads: only `decode/container.ts`, and what shows it less than all of a source, ask. */
type SourceBytes = FileBytes | MemoryBytes | StreamBytes;

/** They lie in this process: FFmpeg calls back, and gets them from {@link Source.read}. */
interface MemoryBytes {
  readonly kind: 'memory';
}

/** An open file, which FFmpeg reads by its number. */
interface FileBytes {
  readonly kind: 'file';
  /**
   * FFmpeg reads from a duplicate of its own, which shares the position: so one source serves one decoder.
   */
  readonly fd: number;
  /** Positions in the file, where the source is no more than a part of it. */
  readonly part?: { readonly start: number; readonly end: number };
}

/** They come one after the other and go as they are taken: FFmpeg calls back, and cannot seek. */
export interface StreamBytes {
  readonly kind: 'stream';
  /**
   * Waits until there is a byte behind those that were taken.
   * @returns the position behind all there are
   */
  ready(): number;
  /**
   * Takes what comes next, as many as there are, waiting for the first.
   * @returns how many bytes; 0 at the end
   */
  next(target: Uint8Array): number;
}

/** It goes forward only: nobody knows how long it is before it is over, or it is a part of such. */
export function isStream({ size, bytes }: Source): boolean {
  return size === Number.POSITIVE_INFINITY || bytes.kind === 'stream';
}

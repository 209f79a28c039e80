/**
 * What audio is read from. A decoder knows only this contract: it neither opens anything by name nor learns
 * where else a file might be.
 */
export interface Source extends Disposable {
  /** For messages: what the user calls it, such as a path. */
  readonly name: string;
  /** Bytes. Does not change while the source is open. */
  readonly size: number;
  /** How FFmpeg gets at the bytes. */
  readonly bytes: SourceBytes;
  /** Copies bytes from a position on into `target`. @returns how many; fewer than fit only at the end */
  read(target: Uint8Array, position: number): number;
  /** What happened to the bytes since the source was opened; `null` for nothing that can be seen. */
  change(): SourceChange | null;
  /** Gives back what was opened. Whoever takes a source over does this, once. */
  [Symbol.dispose](): void;
}

/** They became fewer, or somebody wrote to them. */
export type SourceChange = 'shorter' | 'written';

/** How FFmpeg reads: only `decode/container.ts` asks. */
type SourceBytes = FileBytes | MemoryBytes;

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

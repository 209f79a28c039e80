export interface Pin {
  release(): void;
  [Symbol.dispose](): void;
}

export interface Lease {
  readonly length: number;
  readonly capacity: number;
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly float32: Float32Array<ArrayBuffer>;
  readonly int32: Int32Array<ArrayBuffer>;
  resize(length: number): void;
  pin(): Pin;
  release(): void;
  [Symbol.dispose](): void;
}

/** As `mix.ts`, for a bare Piscina: buffers instead of leases, both sent back. */
import { Piscina } from 'piscina';

export interface Input {
  readonly into: ArrayBuffer;
  readonly from: ArrayBuffer;
}

export default (input: Input | undefined): unknown => {
  if (input === undefined) return undefined;
  const { into, from } = input;
  new Float32Array(into)[0] += new Float32Array(from)[0];
  const moved = { [Piscina.transferableSymbol]: [into, from], [Piscina.valueSymbol]: { into, from } };
  return Piscina.move(moved as never);
};

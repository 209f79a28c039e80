/** The work of the `run` benchmark under millpond: nothing, or one block mixed into another. */
import { defineJob, type Lease } from 'millpond/worker';

export type Input = { readonly into: Lease; readonly from: Lease } | undefined;

export default defineJob((input: Input) => {
  if (input === undefined) return undefined;
  input.into.float32[0] += input.from.float32[0];
  return input.into;
});

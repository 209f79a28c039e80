/** What steps of a host take, in ms: as they were measured, from the least to the most at even steps. */
export interface Times {
  /** Of the share. */
  readonly files: readonly number[];
  readonly hasResult: readonly number[];
  readonly begin: readonly number[];
  readonly ended: readonly number[];
  readonly putResult: readonly number[];
  readonly gaveBack: readonly number[];
  /** The names of a folder of results, which are a thousand. */
  readonly results: readonly number[];
  /** Of a file, beside its work. */
  readonly file: readonly number[];
  /** From one who asks the broker until the answer is there, without the broker's own time. */
  readonly way: readonly number[];
  /** From the start of a program to the first page it asks for. */
  readonly start: readonly number[];
  /** The broker's own time, which others wait for: of a question, and of each page in it. */
  readonly broker: Readonly<Record<BrokerStep, number>>;
}

export type BrokerStep =
  | 'announce'
  | 'batches'
  | 'forget'
  | 'put'
  | 'take'
  | 'empty'
  | 'renew'
  | 'done'
  | 'giveBack'
  | 'counts'
  | 'mayLook'
  | 'stalled';

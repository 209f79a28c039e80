/** What users of `millpond/isolation` import. */
export { createIsolatedRunner, type IsolatedRunner } from './isolated-runner.ts';
export type { IsolatedOptions } from './options.ts';

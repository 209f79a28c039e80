/** What a batch has left in a folder. */
import { filesUnder } from '../e2e/millpond.ts';

/** Hidden files, but for what a batch keeps in its hidden folder. */
export function strays(folder: string): string[] {
  return filesUnder(folder).filter((name) => /(^|\/)\.[^/]*$/.test(name));
}

export function outputs(folder: string): string[] {
  return filesUnder(folder).filter((name) => !name.split('/').some((part) => part.startsWith('.')));
}

/** What a journal says of the outputs beside it. */
import { readJournal } from '../../src/batch/journal/read-journal.ts';

/** Below the folder that outputs go into. */
export const JOURNAL = '.millpond/journal.ndjson';
/** What a batch leaves beside its outputs when it has ended. */
export const KEPT_BESIDE: readonly string[] = [JOURNAL, '.millpond/lock'];

/** The outputs that are done, by the path below the folder. Throws where the journal cannot be read. */
export async function claimsOf(journal: Buffer): Promise<readonly string[]> {
  const read = await readJournal(opened(journal), 'the journal');
  return read === null ? [] : [...read.done.keys()];
}

function opened(bytes: Buffer) {
  return {
    read: async (into: Buffer, offset: number, length: number, position: number) => {
      const bytesRead = bytes.copy(into, offset, position, position + length);
      return { bytesRead, buffer: into };
    },
  } as unknown as Parameters<typeof readJournal>[0];
}

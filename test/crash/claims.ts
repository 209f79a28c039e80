/** What a journal says of the outputs beside it. */

/** Of the folder that outputs go into. */
export const JOURNAL = '.millpond/journal.ndjson';
/** What a batch leaves beside its outputs when it has ended. */
export const KEPT_BESIDE: readonly string[] = [JOURNAL];

/** The outputs that are done, by the path below the folder. Throws where the journal cannot be read. */
export async function claimsOf(_journal: Buffer): Promise<readonly string[]> {
  return [];
}

/** How one file of a page is made, and written down as ended. Holds nothing. */
import type { HeldPage } from './held-page.ts';
import type { HostEvent } from './host-events.ts';
import { type FileMaker, PageGone, TooLateToBegin } from './make-file.ts';

interface FileParts {
  readonly maker: FileMaker;
  say(event: HostEvent): void;
}

interface FileEnd {
  /** Of one that has its result. */
  readonly state?: 'ok' | 'failed';
  readonly twice?: boolean;
  /** Why nothing can be read or written now. */
  readonly error?: Error;
}

/**
 * Rejects never.
 * @param cancel of the batch
 * @param about what its line says besides
 */
export async function makePageFile(
  { maker, say }: FileParts,
  page: HeldPage,
  at: number,
  cancel: AbortSignal,
  about: Readonly<Record<string, unknown>>,
): Promise<FileEnd> {
  const { record, folder, attempt, delivery, fence } = page.parts;
  const file = page.file(at);
  const signal = page.signalWith(cancel);
  try {
    const { line, twice } = await maker.make({
      ...{ record, folder, file, signal, refusals: page.refusals(at) },
      aside: attempt.aside(at),
      // What is handed out waits for a thread, and this host may be stopped meanwhile.
      beginByMs: fence.closesMs,
    });
    // Whoever has the page now may have cleared what this one wrote to.
    if (line.state === 'failed' && (page.isLost || !fence.isOpen)) {
      page.notNow(at);
      return {};
    }
    const outcome = { at, line: { ...line, ...about, twice } };
    await attempt.ended(outcome);
    page.ended(outcome, twice);
    if (line.state !== 'failed') return { state: 'ok', twice };
    const message = `${line.message} (${line.code})`;
    say({ event: 'failed', batch: delivery.batch, input: file.input, message });
    return { state: 'failed', twice };
  } catch (error) {
    const isTooLate = error instanceof TooLateToBegin;
    if (isTooLate) page.notBegun(at);
    else page.notNow(at);
    if (cancel.aborted || error instanceof PageGone) page.isLost = true;
    else if (!signal.aborted && !isTooLate) return { error: error as Error };
    return {};
  }
}

/**
 * The worker's end of its side channel. Owned by the worker's thread; drained at safepoints, even in the
 * middle of a long synchronous task, and by the event loop when the worker is idle.
 * Invariant: messages are handled in the order they were posted, one at a time, each exactly once.
 */
import type { LedgerRow } from '../budget/row.ts';

interface MailboxPort<Message> {
  /** The next message that waits, if any; never blocks. */
  receive(): Message | undefined;
}

export class Mailbox<Message> {
  readonly #port: MailboxPort<Message>;
  readonly #flag: Pick<LedgerRow, 'clearMail' | 'countMail'>;
  readonly #handle: (message: Message) => void;
  readonly #queue: Message[] = [];
  #handling = false;

  /** `flag` is the thread's row, where the coordinator raises the mail flag after each post. */
  constructor(
    port: MailboxPort<Message>,
    flag: Pick<LedgerRow, 'clearMail' | 'countMail'>,
    handle: (message: Message) => void,
  ) {
    this.#port = port;
    this.#flag = flag;
    this.#handle = handle;
  }

  drain(): void {
    // The flag is cleared before the port is read: a message posted after the last read sets it again.
    this.#flag.clearMail();
    for (let message = this.#port.receive(); message !== undefined; message = this.#port.receive()) {
      this.#take(message);
    }
    this.#work();
  }

  /** What the port's own listener got. Older messages cannot be behind it: a port delivers in order. */
  deliver(message: Message): void {
    this.#take(message);
    this.drain();
  }

  #take(message: Message): void {
    this.#flag.countMail();
    this.#queue.push(message);
  }

  #work(): void {
    // A handler may itself reach a safepoint; what that finds is handled here, in order.
    if (this.#handling) return;
    this.#handling = true;
    try {
      for (let message = this.#queue.shift(); message !== undefined; message = this.#queue.shift()) {
        this.#handle(message);
      }
    } finally {
      this.#handling = false;
    }
  }
}

import { describe, expect, it } from 'vitest';
import { Ledger } from '../../src/budget/ledger.ts';
import { LedgerRow } from '../../src/budget/row.ts';
import { MiB } from '../../src/bytes.ts';
import { Mailbox } from '../../src/thread/mailbox.ts';

/** As the pool sees it. */
function raised(row: LedgerRow): boolean {
  const { words, mail } = row.shardWords();
  return words[mail] !== 0;
}

describe('the mailbox', () => {
  it('handles messages once and in order, also those that come while one is handled', () => {
    const row = Ledger.create(1, MiB).row(0);
    const waiting = [1, 2, 3];
    const handled: number[] = [];
    const mailbox = new Mailbox<number>({ receive: () => waiting.shift() }, row, (message) => {
      if (message === 2) {
        waiting.push(4);
        // A handler that reaches a safepoint: nothing may overtake what is being handled.
        mailbox.drain();
      }
      handled.push(message);
    });
    row.raiseMail();
    mailbox.drain();
    expect(handled).toEqual([1, 2, 3, 4]);
    expect(raised(row)).toBe(false);
    mailbox.deliver(5);
    expect(handled).toEqual([1, 2, 3, 4, 5]);
    expect(row.mailRead).toBe(5);
  });

  it.each([
    0, 1, 2, 3, 4, 5,
  ])('loses no message that is posted at moment %i of a drain: it is handled, or its flag is up', (when) => {
    const waiting = ['early'];
    const handled: string[] = [];
    let moment = 0;
    // As the coordinator does it: the message first, then the flag.
    const pause = () => {
      if (moment++ !== when) return;
      waiting.push('late');
      row.raiseMail();
    };
    class InterruptedRow extends LedgerRow {
      override clearMail(): void {
        pause();
        super.clearMail();
        pause();
      }
    }
    const row = new InterruptedRow(Ledger.create(1, MiB).words, 0);
    const receive = () => {
      pause();
      const message = waiting.shift();
      pause();
      return message;
    };
    const mailbox = new Mailbox<string>({ receive }, row, (message) => {
      handled.push(message);
    });
    row.raiseMail();
    mailbox.drain();
    expect(moment).toBeGreaterThan(when);
    // As every safepoint does it.
    if (raised(row)) mailbox.drain();
    expect(handled).toEqual(['early', 'late']);
  });

  it('goes on after a handler that throws', () => {
    const waiting = [1, 2];
    const handled: number[] = [];
    const mailbox = new Mailbox<number>(
      { receive: () => waiting.shift() },
      Ledger.create(1, MiB).row(0),
      (message) => {
        handled.push(message);
        if (message === 1) throw new Error('one');
      },
    );
    expect(() => mailbox.drain()).toThrow('one');
    mailbox.drain();
    expect(handled).toEqual([1, 2]);
  });
});

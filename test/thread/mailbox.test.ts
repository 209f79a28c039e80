import { describe, expect, it } from 'vitest';
import { AtomicMemory } from '../../src/budget/memory.ts';
import { Mailbox } from '../../src/thread/mailbox.ts';

describe('the mailbox', () => {
  it('handles messages once and in order, also those that come while one is handled', () => {
    const words = new Int32Array(new SharedArrayBuffer(8));
    const waiting = [1, 2, 3];
    const handled: number[] = [];
    const mailbox = new Mailbox<number>(
      { receive: () => waiting.shift() },
      new AtomicMemory(words),
      0,
      (message) => {
        if (message === 2) {
          waiting.push(4);
          // A handler that reaches a safepoint: nothing may overtake what is being handled.
          mailbox.drain();
        }
        handled.push(message);
      },
    );
    words[0] = 1;
    mailbox.drain();
    expect(handled).toEqual([1, 2, 3, 4]);
    expect(words[0]).toBe(0);
    mailbox.deliver(5);
    expect(handled).toEqual([1, 2, 3, 4, 5]);
  });

  it.each([
    0, 1, 2, 3, 4, 5,
  ])('loses no message that is posted at moment %i of a drain: it is handled, or its flag is up', (when) => {
    const words = new Int32Array(1);
    const waiting = ['early'];
    const handled: string[] = [];
    let moment = 0;
    // As the coordinator does it: the message first, then the flag.
    const pause = () => {
      if (moment++ !== when) return;
      waiting.push('late');
      words[0] = 1;
    };
    class InterruptedMemory extends AtomicMemory {
      override store(at: number, value: number): void {
        pause();
        super.store(at, value);
        pause();
      }
    }
    const receive = () => {
      pause();
      const message = waiting.shift();
      pause();
      return message;
    };
    const mailbox = new Mailbox<string>({ receive }, new InterruptedMemory(words), 0, (message) => {
      handled.push(message);
    });
    words[0] = 1;
    mailbox.drain();
    expect(moment).toBeGreaterThan(when);
    // As every safepoint does it.
    if (words[0] !== 0) mailbox.drain();
    expect(handled).toEqual(['early', 'late']);
  });

  it('goes on after a handler that throws', () => {
    const waiting = [1, 2];
    const handled: number[] = [];
    const mailbox = new Mailbox<number>(
      { receive: () => waiting.shift() },
      new AtomicMemory(new Int32Array(1)),
      0,
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

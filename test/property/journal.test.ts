import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ReadJournal } from '../../src/batch/journal/read-journal.ts';
import { isMillpondError } from '../../src/errors.ts';
import { GROUPS, HEADER, readBytes, textOf } from '../batch/journal/written.ts';

const whole = textOf(HEADER, GROUPS);

/** What is known, as text; null for what is refused. */
async function saidBy(bytes: Buffer): Promise<string | null> {
  try {
    return textOfKnown(await readBytes(bytes));
  } catch (error) {
    if (!isMillpondError(error) || error.code !== 'ERR_JOURNAL_INVALID') throw error;
    expect(error.message.length).toBeLessThan(1000);
    return null;
  }
}

function textOfKnown(read: ReadJournal | null): string {
  return JSON.stringify(read && [[...read.done], [...read.failed], [...read.planned], read.header]);
}

/** What is known after so many lines behind the first. */
const states = await Promise.all(GROUPS.map((_, at) => saidBy(textOf(HEADER, GROUPS.slice(0, at + 1)))));
states.unshift(await saidBy(textOf(HEADER, [])));

describe('a journal', () => {
  it('that is cut off anywhere says what its whole lines say', async () => {
    expect(new Set(states).size).toBe(GROUPS.length + 1);
    for (let length = whole.indexOf('\n') + 1; length <= whole.length; length++) {
      const cut = whole.subarray(0, length);
      const lines = cut.toString('latin1').split('\n').length - 1;
      expect(await saidBy(cut)).toBe(states[lines - 1]);
      // A file system may have kept room for what was not written.
      expect(await saidBy(Buffer.concat([cut, Buffer.alloc(100)]))).toBe(states[lines - 1]);
    }
    expect(await saidBy(Buffer.alloc(0))).toBe('null');
  });

  it('with any byte changed is refused, or says less', async () => {
    let refused = 0;
    for (let at = 0; at < whole.length; at++) {
      const changed = Buffer.from(whole);
      changed[at] ^= 1 << (at % 8);
      const said = await saidBy(changed);
      if (said === null) refused++;
      // Only the last line may be one that was not written to its end; without the end before it there are
      // two.
      else expect([states.at(-2), states.at(-3)]).toContain(said);
    }
    expect(refused).toBeGreaterThan(whole.length / 2);
  });

  it('that was changed in any other way is refused, or says what it said at some time', async () => {
    const place = fc.nat(whole.length);
    const damage = fc.oneof(
      fc.record({ kind: fc.constant('left out'), from: place, bytes: fc.nat(400) }),
      fc.record({ kind: fc.constant('repeated'), from: place, bytes: fc.nat(400) }),
      fc.record({ kind: fc.constant('zeros'), from: place, bytes: fc.nat(400) }),
    );
    const apply = (
      bytes: Buffer,
      { kind, from, bytes: length }: { kind: string; from: number; bytes: number },
    ) => {
      const [before, part, after] = [
        bytes.subarray(0, from),
        bytes.subarray(from, from + length),
        bytes.subarray(from + length),
      ];
      const middle =
        { 'left out': [], repeated: [part, part], zeros: [Buffer.alloc(part.length)] }[kind] ?? [];
      return Buffer.concat([before, ...middle, after]);
    };
    await fc.assert(
      fc.asyncProperty(fc.array(damage, { minLength: 1, maxLength: 3 }), async (damages) => {
        const said = await saidBy(damages.reduce(apply, whole));
        expect([null, 'null', ...states]).toContain(said);
      }),
      { numRuns: 500 },
    );
  });

  it('loses no line unseen, nor takes one of another journal', async () => {
    const lines = whole.toString('latin1').split(/(?<=\n)/);
    const other = textOf({ ...HEADER, settings: { to: 'wav' } }, GROUPS)
      .toString('latin1')
      .split(/(?<=\n)/);
    for (let at = 1; at < lines.length - 2; at++) {
      expect(await saidBy(Buffer.from(lines.toSpliced(at, 1).join(''), 'latin1'))).toBe(null);
      expect(await saidBy(Buffer.from(lines.toSpliced(at, 1, other[at]).join(''), 'latin1'))).toBe(null);
    }
  });
});

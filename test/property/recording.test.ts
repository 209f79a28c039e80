import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isMillpondError } from '../../src/errors.ts';
import { encodeSparse } from '../../src/report/encoded-histogram.ts';
import { cutOfSeries } from '../../src/report/histograms.ts';
import type { RecordingLine } from '../../src/telemetry/recording/lines.ts';
import { madeLines, textOf } from '../report/made-run.ts';
import { parseRun } from '../report/parse-run.ts';

const lines = madeLines({ seconds: 40 });

describe('whatever is damaged in its bytes', () => {
  const bytes = Buffer.from(textOf(madeLines({ seconds: 25 })));
  const damage = fc.oneof(
    fc.record({ kind: fc.constant('flip' as const), at: fc.nat(bytes.length - 1), value: fc.nat(255) }),
    fc.record({ kind: fc.constant('cut' as const), at: fc.nat(bytes.length - 1), value: fc.nat(5000) }),
    fc.record({ kind: fc.constant('repeat' as const), at: fc.nat(bytes.length - 1), value: fc.nat(5000) }),
    fc.record({ kind: fc.constant('digits' as const), at: fc.nat(bytes.length - 1), value: fc.nat(30) }),
  );

  function apply(given: Buffer, { kind, at, value }: { kind: string; at: number; value: number }): Buffer {
    if (at >= given.length) return given;
    if (kind === 'cut') return Buffer.concat([given.subarray(0, at), given.subarray(at + value)]);
    if (kind === 'repeat') return Buffer.concat([given.subarray(0, at + value), given.subarray(at)]);
    const copy = Buffer.from(given);
    if (kind === 'flip') copy[at] = value;
    else {
      const digit = copy.findIndex((byte, index) => index >= at && byte >= 0x30 && byte <= 0x39);
      return Buffer.concat([
        copy.subarray(0, digit + 1),
        Buffer.from('9'.repeat(value)),
        copy.subarray(digit + 1),
      ]);
    }
    return copy;
  }

  it('it is read, or refused as such', () => {
    let refused = 0;
    fc.assert(
      fc.property(fc.array(damage, { minLength: 1, maxLength: 4 }), (damages) => {
        const damaged = damages.reduce(apply, bytes).toString('latin1');
        try {
          const run = parseRun('run', damaged);
          expect(run.intervals.length).toBeLessThanOrEqual(60);
        } catch (error) {
          if (!isMillpondError(error) || error.code !== 'ERR_RECORDING_INVALID') throw error;
          expect(error.message.length).toBeLessThan(4000);
          refused++;
        }
      }),
      { numRuns: 400 },
    );
    expect(refused).toBeGreaterThan(100);
  });

  it('in a histogram, it is read, or refused as such', () => {
    const cut = cutOfSeries('queue');
    const whole = Buffer.from(encodeSparse([5, 3, 900, 70_000, 2000, 1], cut), 'base64');
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.nat(whole.length - 1), fc.nat(255)), { minLength: 1, maxLength: 3 }),
        (flips) => {
          const copy = Buffer.from(whole);
          for (const [at, value] of flips) copy[at] = value;
          const series = [['queue', 0, copy.toString('base64'), 1, 1]];
          try {
            parseRun('run', textOf([lines[0], { ...lines[1], series } as unknown as RecordingLine]));
          } catch (error) {
            if (!isMillpondError(error) || error.code !== 'ERR_RECORDING_INVALID') throw error;
          }
        },
      ),
      { numRuns: 500 },
    );
  });
});

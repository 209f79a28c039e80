import { deflateSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { encodeSparse } from '../../src/report/encoded-histogram.ts';
import { cutOfSeries } from '../../src/report/histograms.ts';
import type { RecordingLine } from '../../src/telemetry/recording/lines.ts';
import { changed, DECISION, END, INTERVAL, lines, SCORE, text } from './changed-run.ts';
import { textOf } from './made-run.ts';
import { messageOf } from './refused.ts';

/** As the histogram of a series: with what it unpacks to. */
function packed(inner: Uint8Array): string {
  const data = deflateSync(inner);
  const head = Buffer.alloc(8);
  head.writeUInt32BE(0x1c849314, 0);
  head.writeUInt32BE(data.length, 4);
  return Buffer.concat([head, data]).toString('base64');
}

describe('a damaged line is named, with what is wrong and what to do:', () => {
  it('one that is no JSON', () => {
    const damaged = text.split('\n');
    damaged[6] = damaged[6].slice(0, 200);
    expect(messageOf(damaged.join('\n'))).toMatch(
      /^Line 7 of run\.millpond is damaged: it is not one JSON object \(.+\)\. Copy the file again from where it was written\. What comes before can be read by itself: cut it off with 'head -n 6'\.$/,
    );
  });

  it('one that would speak to the terminal', () => {
    const lines = text.split('\n');
    lines[3] = '\u001b[2J\u009b1m';
    const message = messageOf(lines.join('\n'));
    expect(message).toMatch(/^Line 4 .*\\u001b/);
    // biome-ignore lint/suspicious/noControlCharactersInRegex: none of them may be there
    expect(message).not.toMatch(/[\u0000-\u001f\u007f-\u009f]/);
  });

  const HISTOGRAM = ['series', 0, 2] as const;
  it.each<[string, number, readonly (string | number)[], unknown, RegExp]>([
    ['no kind', INTERVAL, ['kind'], undefined, /its field kind is a text, got undefined/],
    ['a kind of its own', INTERVAL, ['kind'], 7, /its field kind is a text, got 7/],
    ['a second header', INTERVAL, ['kind'], 'header', /has one header/],
    ['a missing field', INTERVAL, ['budget', 'usedBytes'], undefined, /it lacks its field budget\.usedBytes/],
    [
      'a negative number',
      INTERVAL,
      ['budget', 'usedBytes'],
      -5,
      /its field budget\.usedBytes is a whole number from 0 to 2\^53, got -5\./,
    ],
    ['a fraction of a byte', INTERVAL, ['rssBytes'], 0.5, /rssBytes is a whole number .* got 0\.5/],
    ['a number over 2^53', INTERVAL, ['clipped'], 2 ** 53, /clipped is a whole .* got 9007199254740992/],
    ['null for NaN', INTERVAL, ['to'], Number.NaN, /its field to is a number from 0 to 1000000000, got null/],
    ['a text', INTERVAL, ['to'], 'x\u001b'.repeat(99), /field to is a number .* got "(x\\\\?u001b)+x?…"/],
    ['a list', INTERVAL, ['to'], [1, 2], /got a list of 2/],
    ['a late year', INTERVAL, ['to'], 1e12, /field to is a number/],
    ['an unknown series', INTERVAL, ['series', 0, 0], 'latency/odd', /series\.0\.0 is one of latency\/hit/],
    [
      'a shard that cannot be',
      INTERVAL,
      ['series', 0, 1],
      1025,
      /series\.0\.1 is a whole number from 0 to 1024/,
    ],
    ['a series of four', INTERVAL, ['series', 0], ['queue', 0, '', 1], /series\.0/],
    ['an unknown cause that is none of a tier', INTERVAL, ['served', 'hit'], [1, 2, 3], /served\.hit/],
    ['an unknown tier', INTERVAL, ['tiers', 'small'], undefined, /it lacks its field tiers\.small/],
    ['an unknown level', INTERVAL, ['pressure'], 'low', /pressure is one of nominal, elevated.* got "low"/],
    ['an interval that ends before it begins', INTERVAL + 3, ['to'], 1, /ends after it begins, got 3 to 1/],
    ['times out of order', INTERVAL + 3, ['from'], 1, /it is of 1 s and comes after one of 3 s/],
    [
      'a decision of a kind of its own',
      DECISION,
      ['decision', 'kind'],
      'hope',
      /decision\.kind is one of shrink/,
    ],
    [
      'a decision without figures',
      DECISION,
      ['decision', 'inputs'],
      {},
      /lacks its field decision\.inputs\.cpu/,
    ],
    ['a score of nothing', SCORE, ['score', 'regret'], 'much', /score\.regret is a number/],
    ['an end without shards', END, ['snapshot', 'shards'], undefined, /lacks its field snapshot\.shards/],
    [
      'an end with a wrong load',
      END,
      ['snapshot', 'cpu', 'process', 'raw'],
      -1,
      /snapshot\.cpu\.process\.raw is/,
    ],
    [
      'a header without options',
      1,
      ['options'],
      undefined,
      /Line 1 .*lacks its field options\. Copy .*written\.$/,
    ],
    ['a header of another time', 1, ['startedAt'], 'yesterday', /startedAt is a time as .* got "yesterday"/],
    ['a header of no version', 1, ['version'], 'one', /version is a whole number from 1/],
    ['a header of other digits', 1, ['significantDigits'], 3, /significantDigits is 2, got 3/],
    ['a header of no weight', 1, ['options', 'sampleEvery'], 0, /sampleEvery is a whole number from 1/],
    ['no base64', INTERVAL, HISTOGRAM, '!', /histogram series\.0 cannot be read: it is not base64/],
    ['a bomb', INTERVAL, HISTOGRAM, packed(new Uint8Array(2 ** 24)), /series\.0 .* unpacks to more than the/],
    ['a strange mark', INTERVAL, HISTOGRAM, packed(new Uint8Array(40)), /does not begin with the mark/],
  ])('one with %s', (_what, number, path, value, message) => {
    const found = messageOf(changed(number, path, value));
    expect(found).toMatch(message);
    expect(found).toMatch(new RegExp(`^Line ${number} of run\\.millpond is damaged: `));
    expect(found).toMatch(/\. Copy the file again from where it was written\./);
    expect(found.length).toBeLessThan(3000);
  });

  it('events out of order', () => {
    const of = (at: number): RecordingLine => ({ kind: 'worker-lost', at, shard: 1, exitCode: 1 });
    expect(messageOf(textOf([lines[0], of(5), of(4)]))).toMatch(
      /^Line 3 .* it is of 4 s and comes after one of 5 s/,
    );
  });

  it('one after the end', () => {
    expect(messageOf(textOf([...lines, lines[1]]))).toMatch(/nothing comes after the end of a recording/);
    expect(messageOf(text + text)).toMatch(new RegExp(`^Line ${lines.length + 1} .* has one header`));
  });

  it('counts that come to more than 2^53 over all lines', () => {
    const much = encodeSparse([7, 2 ** 52], cutOfSeries('queue'));
    const interval = (at: number) => ({ ...lines[1], from: at, to: at, series: [['queue', 0, much, 1, 1]] });
    const recording = [lines[0], interval(1), interval(2)] as RecordingLine[];
    expect(messageOf(textOf(recording))).toMatch(
      /^Line 3 .* the counts of all histograms come to 2\^53 at most/,
    );
  });
});

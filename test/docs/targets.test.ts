import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { fitBitRate } from '../../src/audio/plan/bit-rates.ts';
import { TARGETS } from '../../src/audio/plan/targets.ts';

const text = readFileSync(new URL('../../docs/targets.md', import.meta.url), 'utf8');

/** The rows below a table's head. */
function rowsUnder(head: string): string[] {
  const [, rest = ''] = text.split(`${head}\n`);
  const [table] = rest.split('\n\n');
  return table.split('\n').slice(1).filter(Boolean);
}

it('the table of targets has all of them, as they are in the source', () => {
  const expected = Object.entries(TARGETS).map(([name, target]) => {
    const { muxer, encoder, rates, maxRate, maxChannels, usualLayouts } = target;
    const hertz = rates === null ? `any up to ${maxRate}` : rates.join(', ');
    const layouts = usualLayouts ? 'the usual' : "the source's";
    return `| \`${name}\` | \`${muxer}\` | \`${encoder}\` | ${hertz} | ${maxChannels} | ${layouts} |`;
  });
  expect(rowsUnder("| target | container (FFmpeg's muxer) | encoder | Hz | channels | layouts |")).toEqual(
    expected,
  );
});

it('the table of depths has every target', () => {
  const names = rowsUnder('| target | depth of samples | tags |').map((row) => row.split('`')[1]);
  expect(names).toEqual(Object.keys(TARGETS));
});

it('the table of bit rates has the least and the most', () => {
  const head =
    '| target | mono, 16 kHz | mono, 48 kHz | stereo, 44.1 kHz | stereo, 48 kHz | 6 channels, 48 kHz |';
  const cases = [
    { sampleRate: 16_000, channels: 1 },
    { sampleRate: 48_000, channels: 1 },
    { sampleRate: 44_100, channels: 2 },
    { sampleRate: 48_000, channels: 2 },
    { sampleRate: 48_000, channels: 6 },
  ];
  const lossy = Object.entries(TARGETS).filter(([, { lossless }]) => !lossless);
  const expected = lossy.map(([name, { maxChannels }]) => {
    const cells = cases.map((at) => {
      if (at.channels > maxChannels) return '';
      return `${fitBitRate(name, at, 1).bitrate} to ${fitBitRate(name, at, 10_000_000).bitrate}`;
    });
    return `| \`${name}\` | ${cells.join(' | ')} |`;
  });
  expect(rowsUnder(head)).toEqual(expected);
});

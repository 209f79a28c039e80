/** What was measured of the files of a batch, as text: a table for people, CSV for spreadsheets. Pure. */
import { styleText } from 'node:util';
import type { AnalyzeResult } from '../audio/analysis/request.ts';
import { formatSeconds } from '../text/durations.ts';
import { escaped, shown } from '../text/escaping.ts';

/** One file and what was measured of it. */
export interface Measurement extends Omit<AnalyzeResult, 'waveform' | 'warnings'> {
  /** Absolute. */
  readonly file: string;
}

interface Column {
  readonly title: string;
  readonly of: (measured: Measurement) => string;
}

const COLUMNS: readonly Column[] = [
  { title: 'LUFS', of: ({ loudness }) => figure(loudness.integrated) },
  { title: 'range', of: ({ loudness }) => figure(loudness.range) },
  { title: 'true peak', of: ({ levels }) => figure(levels.truePeakDb) },
  { title: 'RMS', of: ({ levels }) => figure(levels.rmsDb) },
  { title: 'clipped', of: ({ levels }) => String(levels.clippedSamples) },
  { title: 'length', of: ({ seconds }) => formatSeconds(seconds, 'clock') },
];

/** A line for each file, in the order of their names. */
export function measurementTable(measured: readonly Measurement[], stream: NodeJS.WriteStream): string {
  if (measured.length === 0) return '';
  const rows = measured.map((one) => COLUMNS.map(({ of }) => of(one)));
  const widths = COLUMNS.map(({ title }, column) =>
    Math.max(title.length, ...rows.map((row) => row[column].length)),
  );
  const line = (cells: readonly string[], name: string): string =>
    `${cells.map((cell, column) => cell.padStart(widths[column])).join('  ')}  ${name}\n`;
  const head = line(
    COLUMNS.map(({ title }) => title),
    'file',
  );
  return (
    styleText('bold', head, { stream }) + rows.map((row, at) => line(row, shown(measured[at].file))).join('')
  );
}

function figure(value: number | null): string {
  return value === null ? '-' : value.toFixed(1);
}

const FIELDS: Readonly<Record<string, (measured: Measurement) => string | number | null>> = {
  file: ({ file }) => file,
  codec: ({ codec }) => codec,
  sample_rate_hz: ({ sampleRate }) => sampleRate,
  channels: ({ channels }) => channels,
  seconds: ({ seconds }) => seconds,
  integrated_lufs: ({ loudness }) => loudness.integrated,
  range_lu: ({ loudness }) => loudness.range,
  momentary_max_lufs: ({ loudness }) => loudness.momentaryMax,
  short_term_max_lufs: ({ loudness }) => loudness.shortTermMax,
  true_peak_dbtp: ({ levels }) => levels.truePeakDb,
  peak_dbfs: ({ levels }) => levels.peakDb,
  rms_dbfs: ({ levels }) => levels.rmsDb,
  dc_offset: ({ levels }) => levels.dcOffset,
  clipped_samples: ({ levels }) => levels.clippedSamples,
  silence_start_seconds: ({ silence }) => silence.startSeconds,
  silence_end_seconds: ({ silence }) => silence.endSeconds,
};

/** As RFC 4180 has it: a line of names, then one for each file; what is not there is empty. */
export function measurementCsv(measured: readonly Measurement[]): string {
  const lines = [
    Object.keys(FIELDS),
    ...measured.map((one) => Object.values(FIELDS).map((of) => cell(of(one)))),
  ];
  return lines.map((cells) => `${cells.join(',')}\r\n`).join('');
}

function cell(value: string | number | null): string {
  if (value === null) return '';
  if (typeof value === 'number') return String(value);
  // Names of files may hold what controls a terminal, or ends a line for those who read lines.
  const text = escaped(value);
  return /[",]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
